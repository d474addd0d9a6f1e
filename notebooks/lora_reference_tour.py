# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # A tour of `lora_reference`
#
# For readers of the library: it goes on where the students' lab ends, and holds answers that students are asked to find. Nothing here is needed for the exercises.

# %%
import json
import os
import tempfile
from pathlib import Path

import torch
from torch import nn

# %matplotlib inline
import lora_reference as lr
from lora_reference import plots

FAST = bool(os.environ.get("LORALAB_FAST"))

# %% [markdown]
# ## A task whose answer is known
#
# The teacher is the block plus a planted update of rank 4 in two layers. What LoRA of rank r can reach in the *weights* is bounded by Eckart and Young; what it reaches in the loss can be compared with the planted
# update cut to rank r.

# %%
task = lr.planted_task(4, n_samples=64 if FAST else 512)
sweep = lr.sweep_ranks(task, (1, 4, 8) if FAST else (1, 2, 3, 4, 6, 8, 16), n_epochs=5 if FAST else 60)
for result in sweep:
    print(f"rank {result.rank:>2}: held-out loss {result.held_out_loss:.2e}, missed {result.weight_error:.0%} of the update, bound {result.weight_bound:.0%}")
plots.rank_sweep(sweep, planted=4)

# %%
plots.training_dynamics(sweep[1].history)

# %% [markdown]
# ## Where the adapters sit
#
# The lab's own task: attention moves what all tokens share, the MLP multiplies features of one token.

# %%
configs = [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"], ["gate_proj", "up_proj", "down_proj"],
           ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]]
plots.target_comparison(lr.compare_target_modules(configs, n_epochs=2 if FAST else 30))

# %% [markdown]
# ## LoRA, rsLoRA, DoRA, LoRA+
#
# Four ways to the same planted update, from the same seed.

# %%
variants = {
    "LoRA": ({}, {}),
    "rsLoRA": ({"use_rslora": True}, {}),
    "DoRA": ({"layer_class": lr.DoRALayer}, {}),
    "LoRA+": ({}, {"b_ratio": 4.0}),
}
tuned = {}
for name, (options, training) in variants.items():
    torch.manual_seed(0)
    model = lr.add_lora_to_model(task.fresh(), 4, 4, list(task.updates), **options)
    history = lr.train(model, task.x, task.y, n_epochs=3 if FAST else 20, learning_rate=3e-3, held_out=task.held_out, **training)
    tuned[name] = (model.up_proj.pretrained_weight + model.up_proj.delta_weight()).detach()
    print(f"{name:7} {history.trainable_params:>6,} parameters, held-out loss {history.held_out_losses[0]:.4f} -> {history.held_out_losses[-1]:.2e}")

# %%
plots.magnitude_and_direction(task.base.up_proj.weight, {name: tuned[name] for name in ("LoRA", "DoRA")})

# %% [markdown]
# ## Spectra: planted, learnt, random

# %%
update = task.updates["up_proj"]
learnt = tuned["LoRA"] - task.base.up_proj.weight
random = torch.randn(update.shape, generator=torch.Generator().manual_seed(0))
for name, matrix in (("planted", update), ("learnt", learnt), ("random", random)):
    print(f"{name:8} stable rank {lr.stable_rank(matrix):5.1f}, entropy rank {lr.entropy_rank(matrix):5.1f}")
plots.spectrum({"planted": update + 1e-6 * random, "learnt": learnt, "random": random})

# %% [markdown]
# ## NF4, double quantization, QLoRA

# %%
W = torch.randn(256, 256, generator=torch.Generator().manual_seed(1)) * 0.02
codes, scales = lr.quantize_nf4(W)
again = lr.double_dequantize(lr.double_quantize(scales))
print(f"{lr.bits_per_weight()} bits a weight, {lr.bits_per_weight(double_quantized=True):.3f} with doubly quantized scales")
for name, s in (("scales in float32", scales), ("doubly quantized", again)):
    print(f"  {name}: error {(lr.dequantize_nf4(codes, s) - W).norm() / W.norm():.2%}")
print("packed:", tuple(lr.pack_nf4(codes).shape), "bytes for", W.numel(), "weights")
plots.nf4_levels(W)

# %%
torch.manual_seed(0)
quantized = lr.QLoRALayer(nn.Linear(256, 256), rank=8, alpha=8)
print(quantized)
nn.init.normal_(quantized.lora_B, std=0.01)
x = torch.randn(4, 256)
exact = quantized.merged_linear()(x)
print("merged_linear() loses nothing:", f"{(exact - quantized(x)).abs().max():.1e} (bfloat16 factors)")

# %% [markdown]
# ## Checkpoints that PEFT reads

# %%
torch.manual_seed(0)
model = lr.add_lora_to_model(lr.SimpleTransformerBlock(32, 4), 4, 8, ["q_proj", "v_proj"])
with tempfile.TemporaryDirectory() as folder:
    lr.save_adapter(model, folder)
    print(sorted(path.name for path in Path(folder).iterdir()))
    config = json.loads((Path(folder) / "adapter_config.json").read_text())
    print({key: config[key] for key in ("peft_type", "r", "lora_alpha", "target_modules", "use_dora")})
    try:
        lr.load_adapter(lr.add_lora_to_model(lr.SimpleTransformerBlock(32, 4), 8, 8, ["q_proj", "v_proj"]), folder)
    except lr.CheckpointError as error:
        print("a model of another rank:", error)

# %% [markdown]
# ## Memory

# %%
for convention in ("pure", "mixed-16", "mixed-18", "qlora-12"):
    need = lr.calculate_memory_requirements(7, precision="bfloat16", convention=convention)
    print(f"7B, {convention:9} full fine-tuning {need['full_ft_total']:6.1f} GB, LoRA {need['lora_total']:5.1f} GB")
for name, shape in (("7B", lr.LLAMA_7B), ("13B", lr.LLAMA_13B), ("70B", lr.LLAMA_70B)):
    print(f"Llama 2 {name}: {shape.parameters:,} parameters, {lr.adapter_parameters(shape, 16):,} in adapters of rank 16 on attention")
plots.memory_by_model_size()

# %% [markdown]
# ## A real model
#
# `python -m lora_reference.minilm --full` fine-tunes a small pretrained encoder in six ways and looks at the spectra of its updates.
