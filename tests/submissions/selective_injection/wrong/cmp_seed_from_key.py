# mistake: unnamed
# Record the block weights (or the first loss, B = 0) in compare([["q_proj"], ["v_proj"]], 2): they differ.
import zlib

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child, LoRALayer(module, rank, alpha))
    return model


def stable_seed(key: str) -> int:
    """Reproducible seed for a configuration, whatever else is in the list and in whatever order (hash() is salted)."""
    return zlib.crc32(key.encode())


def run(key, targets, n_epochs):
    torch.manual_seed(stable_seed(key))
    block = SimpleTransformerBlock()
    x, y = generate_synthetic_data()
    add_lora_to_model_selective(block, 8, 16, targets)
    params = [p for p in block.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=1e-3)
    losses = []
    for _ in range(n_epochs):
        opt.zero_grad()
        loss = nn.functional.mse_loss(block(x), y)
        loss.backward()
        opt.step()
        losses.append(loss.item())
    return {"target_modules": targets, "trainable_params": sum(p.numel() for p in params), "losses": losses, "final_loss": losses[-1]}


def compare_target_modules(target_configs, n_epochs=50):
    return {key: run(key, targets, n_epochs) for targets in target_configs for key in ["+".join(targets)]}
