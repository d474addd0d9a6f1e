# ---
# jupyter:
#   jupytext:
#     text_representation: {extension: .py, format_name: percent}
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # LoRA: how to fine-tune a large model by training almost none of it
#
# About two hours. You will
#
# 1. derive the update that LoRA trains, and count what it saves,
# 2. write the layer in NumPy and read it in PyTorch,
# 3. put it into a transformer block and watch it learn,
# 4. see with the singular value decomposition what a low rank can hold and what it cannot,
# 5. choose ranks and targets by evidence,
# 6. work out how much memory fine-tuning takes, and how 4-bit weights (NF4, QLoRA) bring it down.
#
# Four **exercises** are yours to write. They are graded by properties: statements that must hold for every input, such as
# "with B = 0 the layer gives what the original layer gives". This notebook runs from top to bottom before you have written any
# of them; cells that need one say so and go on. Hand in this notebook, or the four `.py` files of the same names. From a notebook the grader takes your definitions
# and what they need; cells that only train, draw or print are not run, and cost you no time.

# %%
import math
import os
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

FAST = bool(os.environ.get("LORALAB_FAST"))  # short trainings, for a look through
plt.rcParams.update({"figure.figsize": (9, 3.2), "axes.spines.top": False, "axes.spines.right": False,
                     "axes.grid": True, "grid.alpha": 0.25, "figure.constrained_layout.use": True})


def attempt(exercise, run):
    """What `run()` gives, or None and a kind word where the exercise is not written yet."""
    try:
        return run()
    except NotImplementedError:
        print(f"This cell needs {exercise}, which is not written yet. Come back to it when it is.")
        return None


# %% [markdown]
# ## 1. Why
#
# A model of 7 billion parameters takes 14 GB in 16-bit numbers. To *train* it, each parameter needs a gradient and Adam's two moments as well:
# four numbers instead of one, 56 GB with everything in 16 bits, 112 GB in 32 bits (you will compute this in exercise 3). And every customer, every task needs
# its own copy of the result.
#
# **An analogy.** A printed encyclopedia is to be corrected for schools. You could reprint all thirty volumes. Or you leave the volumes as they are and put a thin
# booklet beside them: "wherever it says this, read that". The booklet is cheap to write, cheap to store, and can be swapped. LoRA writes the booklet: the
# pretrained weights stay frozen, and a small update is learnt beside them.
#
# The bet is that a *small* update is enough. How small it may be is a question that one can measure, and you will.

# %% [markdown]
# ## 2. The maths
#
# A linear layer computes $y = W x + b$ with $W$ of shape (out, in). Full fine-tuning learns any update $\Delta W$ of that shape. LoRA (Hu et al. 2021,
# [arXiv 2106.09685](https://arxiv.org/abs/2106.09685), section 4.1) allows only
#
# $$\Delta W = \frac{\alpha}{r}\, B A, \qquad A: (r, \text{in}), \quad B: (\text{out}, r), \quad r \ll \min(\text{in}, \text{out}).$$
#
# * $BA$ has rank at most $r$: everything that the update does passes through $r$ numbers per input.
# * $B$ starts at zero and $A$ at random, so at the start $\Delta W = 0$ and the model is the pretrained one. (What matters is that the *product* is zero. If both were zero, neither
#   would ever get a gradient: can you see why?)
# * $\alpha / r$ scales the update. It is meant to save you a new learning rate when $r$ changes; section 8 looks at how far that holds. $\alpha$ is a matter of taste and of the learning rate; 16 or $2r$ are common.
#
# **Before you run the next cell:** a 4096 x 4096 weight has 16.8 million entries. How many have A and B of rank 16 together?

# %%
d = 4096
print(f"{'rank':>5} {'A and B':>12} {'share of W':>11}")
for rank in (1, 4, 16, 64, 256, 2048):
    count = rank * (d + d)
    print(f"{rank:>5} {count:>12,} {count / d**2:>10.2%}")

# %% [markdown]
# At rank 2048, half the width, LoRA has as many parameters as the weight itself. Below that it has fewer, in proportion to the rank.

# %% [markdown]
# ## 3. The layer, in NumPy
#
# No framework: just the formula. Samples are rows, so $Wx$ becomes `x @ W.T`.


# %%
class LoRALayerNumPy:
    """y = x W' + (alpha / rank) x A' B' with W (out, in), A (rank, in), B (out, rank)."""

    def __init__(self, W, rank=4, alpha=1.0, seed=0):
        out_features, in_features = W.shape
        self.W = W
        self.A = np.random.default_rng(seed).normal(0, 0.01, (rank, in_features))
        self.B = np.zeros((out_features, rank))
        self.scaling = alpha / rank

    def forward(self, x):
        return x @ self.W.T + self.scaling * (x @ self.A.T @ self.B.T)

    def get_merged_weights(self):
        return self.W + self.scaling * self.B @ self.A


rng = np.random.default_rng(1)
layer = LoRALayerNumPy(rng.normal(size=(3, 5)), rank=2, alpha=4)
x = rng.normal(size=(4, 5))
print("at the start nothing is changed:", np.allclose(layer.forward(x), x @ layer.W.T))
layer.B = rng.normal(size=layer.B.shape)
print("merged weights give the same:   ", np.allclose(layer.forward(x), x @ layer.get_merged_weights().T))

# %% [markdown]
# The second line is LoRA's practical charm: after training, $W + \frac{\alpha}{r}BA$ is one matrix again, and inference costs nothing extra.
#
# **Question.** `x @ A.T @ B.T` and `x @ (B @ A).T` are equal. Which order is cheaper for a 4096 x 4096 weight, a batch of 8 and rank 16, and by what factor? Count multiplications.

# %% [markdown]
# ## 4. The layer, in PyTorch
#
# This is the lab's given code. Read it slowly: exercise 1 is a variation of it. Note the device and the dtype: the factors are made where the layer's weight is, in its
# dtype (`W.new_empty`), so that the layer works on a GPU and in bfloat16 too. And note that merging twice is harmless, and that unmerging puts the *kept* weight back:
# subtracting the update again would leave rounding errors.

# %% given: LoRALayer

# %%
torch.manual_seed(0)
linear = nn.Linear(16, 8)
lora = LoRALayer(linear, rank=2, alpha=4)
x = torch.randn(3, 16)
print("same output at the start:", torch.equal(lora(x), linear(x)))
for name, p in lora.named_parameters():
    print(f"  {name:24} {tuple(p.shape)!s:9} {'trained' if p.requires_grad else 'frozen'}")

# %% [markdown]
# ### Exercise 1: a trainable bias (30 points)
#
# The bias is only `out` numbers, and training it besides the factors is sometimes worth it (BitFit trains nothing else). Write a layer that does, on request.
# Mind the layer without a bias.

# %% exercise: lora_with_bias


# %%
def look_at_exercise_1():
    torch.manual_seed(0)
    linear = nn.Linear(16, 8)
    x = torch.randn(3, 16)
    before = linear(x).detach()
    layer = LoRALayerWithBias(linear, rank=4, alpha=8, train_bias=True)
    print("same output at the start:", torch.allclose(layer(x), before))
    print("trained:", sorted(tuple(p.shape) for p in layer.parameters() if p.requires_grad), "(expected: (4, 16), (8,) and (8, 4))")
    bare = LoRALayerWithBias(nn.Linear(16, 8, bias=False), train_bias=True)
    print("a layer without a bias works:", tuple(bare(x).shape))


attempt("exercise 1", look_at_exercise_1)

# %% check: lora_with_bias

# %% [markdown]
# ## 5. A transformer block, and a task that it can learn
#
# The block has attention (`q_proj`, `k_proj`, `v_proj`, `o_proj`) and a gated MLP (`gate_proj`, `up_proj`, `down_proj`), the names that Llama's layers have.

# %% given: SimpleTransformerBlock

# %% [markdown]
# The block has no positions and no mask: if the tokens of its input change places, those of its output do too. So it could never learn "copy the previous token", however it is
# trained. When a model does not learn, ask first whether it *can*. The lab's task is one that it can learn; the change that is wanted has rank 8:

# %% given: generate_synthetic_data

# %%
torch.manual_seed(0)
x, y = generate_synthetic_data(n_samples=128)
s = torch.linalg.svdvals((y - x).reshape(-1, 256))
print("x and y:", tuple(x.shape))
print("singular values of the wanted change y - x:", [round(v, 1) for v in s[:10].tolist()], "...")
print(f"predicting y = x costs {F.mse_loss(x, y):.4f}, predicting 0 costs {y.square().mean():.3f}")

# %% [markdown]
# Eight singular values, then nothing: the change that is wanted has rank 8. (The *weights'* update that brings it about need not have the same rank. Why?)
#
# The block is not pretrained: its frozen weights are random and stand for pretrained ones. So its own output is worse than y = x at first, and the loss starts above the number printed for that.
#
# Now LoRA goes into the block. Everything is frozen first, then the four attention layers get adapters:

# %% given: add_lora_to_model

# %%
torch.manual_seed(0)
block = add_lora_to_model(SimpleTransformerBlock(), rank=8, alpha=16)
trained = sum(p.numel() for p in block.parameters() if p.requires_grad)
total = sum(p.numel() for p in block.parameters())
print(f"{trained:,} of {total:,} parameters are trained: {trained / total:.1%}")

# %% [markdown]
# **A mistake that is easy to make** is to freeze only the layers that are wrapped. In this block the MLP and the norms would then train in full. Compute the share that would train:
# the printed percentage is the first thing to look at in any LoRA run.

# %% [markdown]
# ## 6. Training, with its dynamics made visible
#
# We keep the norms of A, of B, and of the *effective* update $\frac{\alpha}{r}BA$, scaling included, before training and after each epoch.


# %%
def train(model, x, y, n_epochs, learning_rate=1e-3, batch_size=32, seed=0):
    """Train what is trainable; the losses of each epoch, and the norms of each adapter over time."""
    torch.manual_seed(seed)
    adapters = {name: m for name, m in model.named_modules() if isinstance(m, LoRALayer)}
    norms = {name: {"A": [], "B": [], "update": []} for name in adapters}
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=learning_rate)

    def note():
        for name, m in adapters.items():
            for key, value in (("A", m.lora_A), ("B", m.lora_B), ("update", m.delta_weight())):
                norms[name][key].append(value.detach().norm().item())

    losses = []
    note()
    for _ in range(n_epochs):
        of_batches = []
        for batch in torch.randperm(len(x)).split(batch_size):
            loss = F.mse_loss(model(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            of_batches.append(loss.item())
        losses.append(sum(of_batches) / len(of_batches))
        note()
    return losses, norms


start = time.perf_counter()
losses, norms = train(block, x, y, n_epochs=1 if FAST else 25)
print(f"loss {losses[0]:.4f} -> {losses[-1]:.4f} in {time.perf_counter() - start:.1f} s")

# %%
figure, axes = plt.subplots(1, 4, figsize=(13, 3))
axes[0].plot(range(1, len(losses) + 1), losses)
axes[0].set(title="loss", xlabel="epoch", ylim=(0, None))
for ax, key, title in zip(axes[1:], ("A", "B", "update"), ("||A||", "||B||", "||(alpha / r) B A||")):
    for name, values in norms.items():
        ax.plot(values[key], label=name)
    ax.set(title=title, xlabel="epoch", ylim=(0, None))
axes[3].legend(frameon=False, fontsize=8)
plt.show()

# %% [markdown]
# **Look.** B grows from exactly zero; A starts large and hardly moves at first. Why must A's gradient be zero in the very first step? (Write the chain rule for $BA$ with $B = 0$.)
# Which of the four layers learns the largest update, and can you say why from the task?

# %% [markdown]
# ## 7. What can a low rank hold? The SVD answers
#
# Any matrix is a sum of rank-1 pieces, $M = \sum_i s_i\, u_i v_i^T$ with $s_1 \ge s_2 \ge \dots$ The first $r$ pieces are the **best** approximation of rank $r$ there is, and what they miss has the norm
# $\sqrt{\sum_{i>r} s_i^2}$ (Eckart and Young 1936). So if full fine-tuning wanted a certain $\Delta W$, no LoRA of rank $r$ could come nearer to it than that.
#
# **Guess first:** which share of a random 256 x 256 matrix, in norm, does its best approximation of rank 16 miss? (Squares add up, norms do not: what misses 60 % holds 80 %.)


# %%
def missed(matrix, ranks):
    """The share of the matrix (in norm) that its best approximation of each rank misses."""
    squares = torch.linalg.svdvals(matrix.double()).square()
    return [(squares[r:].sum() / squares.sum()).sqrt().item() for r in ranks]


torch.manual_seed(0)
noise = torch.randn(256, 256)
signal = torch.randn(256, 8) @ torch.randn(8, 256)
structured = signal / signal.norm() + 0.1 * noise / noise.norm()
learnt = block.v_proj.delta_weight().detach()
ranks = [1, 2, 4, 8, 16, 32, 64, 128, 256]
for name, matrix in (("random", noise), ("rank 8 and 10 % noise", structured), ("v_proj's learnt update", learnt)):
    plt.plot(ranks, missed(matrix, ranks), marker="o", label=name)
plt.xscale("log", base=2)
plt.xticks(ranks, ranks)
plt.ylabel("share that is missed")
plt.xlabel("rank")
plt.legend(frameon=False)
plt.show()
print("random matrix, missed at rank 16:", f"{missed(noise, [16])[0]:.0%}")

# %% [markdown]
# A random matrix is *not* low-rank: rank 16 misses most of it. So LoRA cannot *reproduce* every update. It need not: another update, of low rank, may do the job as well. (That v_proj's learnt update has nothing
# beyond rank 8 proves nothing: it is $BA$ of rank 8.) Do updates of full fine-tuning have low rank? In a small real encoder the best rank 16 misses 68 % of an update's norm, of a random matrix 93 %; and yet LoRA of rank 1 was as
# accurate there. The honest summary of the literature: classification and small instruction sets mostly get along with small ranks; on code and mathematics the usual small ranks stay behind full
# fine-tuning, whose updates have ranks 10 to 100 times those that LoRA usually takes (Biderman et al. 2024, [arXiv 2405.09673](https://arxiv.org/abs/2405.09673)).

# %% [markdown]
# ## 8. Which rank?
#
# Theory: below the rank that the task needs, the loss stays up; above it, more rank buys nothing. Let us look, with the same seed for each rank.

# %%
results = {}
for rank in (1, 8) if FAST else (1, 2, 4, 8, 16):
    torch.manual_seed(0)
    model = add_lora_to_model(SimpleTransformerBlock(), rank=rank, alpha=2 * rank)
    results[rank], _ = train(model, x, y, n_epochs=1 if FAST else 15)
for rank, curve in results.items():
    plt.plot(range(1, len(curve) + 1), curve, label=f"rank {rank}")
plt.ylim(0, None)
plt.xlabel("epoch")
plt.ylabel("training loss")
plt.legend(frameon=False)
plt.show()
print({rank: round(curve[-1], 4) for rank, curve in results.items()})

# %% [markdown]
# **Is that fair?** Not quite. With $\alpha = 2r$ the scaling is 2 for every rank, and Adam moves each entry of B by about the learning rate: $r$ columns move the output about $r$ times as far, so larger ranks start faster.
# The small ranks are still falling at the end: what you see is speed as much as capacity. With $\alpha$ fixed, $\alpha/r$ makes the first steps about equal, but it slows large ranks down later; rank-stabilised LoRA takes
# $\alpha/\sqrt{r}$ ([arXiv 2312.03732](https://arxiv.org/abs/2312.03732)). Before you say that a rank is too small, train it until it stops falling, at its own best learning rate.

# %% [markdown]
# ## 9. Which layers?
#
# | you want | targets | at rank r, for a Llama block of width d |
# |---|---|---|
# | the least | `q_proj`, `v_proj` (the LoRA paper's choice) | 2 layers of 2dr |
# | all of attention | `q_proj`, `k_proj`, `v_proj`, `o_proj` (this lab's default) | 4 layers of 2dr |
# | the best quality | all linear layers, the MLP's too | about 11 dr more (Llama 2 7B), as the MLP is wider |
#
# Adapters are small either way: leaving out the MLP hardly saves memory, and current evidence says that it costs quality, at equal numbers of parameters too (Biderman et al. 2024; Thinking Machines 2025,
# "LoRA Without Regret"). Find out for the lab's task:

# %% [markdown]
# ### Exercise 2: selective injection, and a comparison (20 + 10 points)

# %% exercise: selective_injection


# %%
def look_at_exercise_2():
    model = add_lora_to_model_selective(SimpleTransformerBlock(32, 4), rank=2, alpha=4, target_modules=["q_proj", "up_proj"])
    print("trained:", [name for name, p in model.named_parameters() if p.requires_grad])
    configs = [["q_proj", "v_proj"], ["q_proj", "k_proj", "v_proj", "o_proj"], ["gate_proj", "up_proj", "down_proj"]]
    configs.append(configs[1] + configs[2])
    for key, entry in compare_target_modules(configs, n_epochs=1 if FAST else 20).items():
        plt.plot(range(1, len(entry["losses"]) + 1), entry["losses"], label=f"{key}: {entry['trainable_params']:,}")
    plt.ylim(0, None)
    plt.xlabel("epoch")
    plt.ylabel("training loss")
    plt.legend(frameon=False, title="targets: trained parameters")
    plt.show()


attempt("exercise 2", look_at_exercise_2)

# %% check: selective_injection

# %% [markdown]
# Which part of the task can attention not learn, and which can the MLP not? (Read the docstring of `generate_synthetic_data` again.)

# %% [markdown]
# ## 10. How much memory?
#
# Four things take memory in training: the weights, a gradient for each trained parameter, the optimizer's two moments for each trained parameter, and the activations. LoRA keeps *all* weights in memory,
# but has gradients and moments only for the adapters. This is where its saving comes from. The activations mostly stay: the backward pass still goes
# through the layers, down to the first adapter.
#
# Conventions differ by a factor of two and more: everything in 16 bits is 8 bytes a parameter for full fine-tuning, mixed precision with 32-bit copies is 16 to 18. Always say which one you count. The exercise
# counts the pure one, in GB of $10^9$ bytes, without activations.

# %% [markdown]
# ### Exercise 3: the calculation (20 points)

# %% exercise: memory_calculation


# %%
def look_at_exercise_3():
    print(f"{'model':>6} {'full, bf16':>11} {'LoRA, bf16':>11} {'LoRA, int4':>11}   GB")
    for size in (1, 7, 13, 70):
        pure = calculate_memory_requirements(size, precision="bfloat16")
        four = calculate_memory_requirements(size, precision="int4")
        print(f"{size:>5}B {pure['full_ft_total']:>11.1f} {pure['lora_total']:>11.1f} {four['lora_total']:>11.1f}")


attempt("exercise 3", look_at_exercise_3)

# %% check: memory_calculation

# %% [markdown]
# A 70B model in 16 bits is 140 GB before a single gradient: LoRA alone does not bring it onto one 80 GB card. The weights themselves have to shrink.

# %% [markdown]
# ## 11. Four bits: NF4 and QLoRA
#
# QLoRA (Dettmers et al. 2023, [arXiv 2305.14314](https://arxiv.org/abs/2305.14314)) keeps the frozen weights in 4 bits and trains LoRA factors in 16 bits beside them. Frozen is the point: nobody has to train a 4-bit
# number, it is only read: for each multiplication it is turned back into 16 bits.
#
# With 4 bits there are 16 values. NF4 places them where normally distributed weights are, denser around zero, and scales each block of 64 weights by its largest absolute value:
#
# $$\text{scale}_b = \max_{i \in b} |x_i|, \qquad \text{code}_i = \text{nearest level to } x_i / \text{scale}_b.$$
#
# **Before you start:** what does a single outlier do to the other 63 weights of its block? And to all others, if the whole tensor had one scale?

# %% [markdown]
# ### Exercise 4: NF4 (20 points)

# %% exercise: nf4_quantization


# %%
def look_at_exercise_4():
    torch.manual_seed(0)
    W = torch.randn(64, 64) * 0.02
    codes, scales = quantize_nf4(W)
    back = dequantize_nf4(codes, scales)
    print(f"error: {(W - back).norm() / W.norm():.1%} of the norm, with {4 + 32 / 64} bits a weight once two codes share a byte")
    spiked = W.clone()
    spiked[0, 0] = 2.0
    back = dequantize_nf4(*quantize_nf4(spiked))
    print(f"with one outlier, in its block: {(spiked - back)[0].norm() / W[0].norm():.0%}; in the other blocks: {(spiked - back)[1:].norm() / W[1:].norm():.1%}")


attempt("exercise 4", look_at_exercise_4)

# %% check: nf4_quantization

# %% [markdown]
# The scales cost bits as well: 32 bits for 64 weights is half a bit each. QLoRA quantizes the scales again (double quantization) and saves 0.37 bits a weight.

# %% [markdown]
# ## 12. Common mistakes, and what each looks like
#
# | name | what you see |
# |---|---|
# | `missing-scaling` | right for alpha = rank, wrong otherwise |
# | `scaling-alpha-only` | right for rank 1, else the update is rank times too large |
# | `b-not-zero` | the model is worse before the first step |
# | `a-zero` | with B = 0 as well, nothing is ever learnt |
# | `dropout-on-base-path`, `dropout-in-eval` | the frozen model itself becomes noisy; two evaluations differ |
# | `merged-at-init` | A and B get no gradient; set B to ones by hand, and the output stays |
# | `rest-not-frozen`, `freezes-nothing` | too many trained parameters; memory as in full fine-tuning |
# | `nested-parent-bug` | works on a flat model, fails on `blocks.0.q_proj` |
# | `empty-list-as-default` | asking for nothing wraps four layers |
# | `model-reused` | the second configuration looks better: it starts trained |
# | `initial-weights-differ` | another order of the configurations changes their losses |
# | `gib-not-gb` | every number is 7 % too small |
# | `optimizer-one-state` | Adam at half its price |
# | `tensor-wide-scale` | one outlier ruins the whole tensor |
# | `midpoint-in-index-space` | codes are right at the ends, and off by one or two between the ends and zero |
# | `zero-block-nan` | a padded row turns into NaN |

# %% [markdown]
# ## 13. Challenge
#
# * DoRA learns the length of each output row apart from its direction. Write `y = (m / ||V||) V x + b` with `V = W + s B A`, `s = alpha / r`, `||V||` the norm of each row, and `m` one trained
#   number a row that starts at `||W||`. Keep the norm out of the gradient. What is the output at the start?
# * LoRA+ gives B a learning rate 16 times A's. Try it in the training loop above: does the loss fall faster?
# * Merge an adapter into an NF4 weight and quantize again. How much of the update survives?
#
# ## 14. Checkpoint: can you answer these?
#
# 1. Why does a LoRA layer give the original output at the start, and why must not both factors be zero?
# 2. A colleague's run of the block from section 5 reports 61 % trained parameters. What was forgotten?
# 3. Your update's best rank-8 approximation misses 60 % of it. What does that say about LoRA of rank 8, and what not?
# 4. Where does LoRA save memory, and where not at all?
# 5. Why can the frozen weights be in 4 bits, and the factors not?
#
# ## 15. Further reading
#
# * LoRA: [arXiv 2106.09685](https://arxiv.org/abs/2106.09685); QLoRA: [arXiv 2305.14314](https://arxiv.org/abs/2305.14314); DoRA: [arXiv 2402.09353](https://arxiv.org/abs/2402.09353)
# * LoRA+: [arXiv 2402.12354](https://arxiv.org/abs/2402.12354); rank-stabilised LoRA: [arXiv 2312.03732](https://arxiv.org/abs/2312.03732)
# * LoRA Learns Less and Forgets Less: [arXiv 2405.09673](https://arxiv.org/abs/2405.09673); LoRA vs Full Fine-tuning: An Illusion of Equivalence: [arXiv 2410.21228](https://arxiv.org/abs/2410.21228)
# * With a tuned learning rate the variants come close to each other: [arXiv 2602.04998](https://arxiv.org/abs/2602.04998). A good antidote to any table of improvements.
