# mistake: result-not-a-dict
# Returns a list of the entries instead of a dict.
import functools

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _lora_forward(layer, scale, x):
    y = F.linear(x, layer.weight, layer.bias)
    return y + scale * F.linear(F.linear(x, layer.lora_A), layer.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()
    model.requires_grad_(False)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and name.endswith(tuple(target_modules)):
            layer.lora_A = nn.Parameter(0.01 * torch.randn(rank, layer.in_features))
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
            layer.forward = functools.partial(_lora_forward, layer, alpha / rank)
    return model


SEED = 1234


def _train_one(targets, n_epochs):
    torch.manual_seed(SEED)
    x, y = generate_synthetic_data(n_samples=128)
    block = SimpleTransformerBlock(d_model=256, n_heads=8)
    block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
    n_trainable = sum(p.numel() for p in block.parameters() if p.requires_grad)
    optimizer = torch.optim.AdamW((p for p in block.parameters() if p.requires_grad), lr=2e-3)

    losses = []
    for _ in range(n_epochs):
        epoch_losses = []
        for xb, yb in zip(x.split(64), y.split(64)):
            loss = F.mse_loss(block(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            epoch_losses.append(loss.item())
        losses.append(sum(epoch_losses) / len(epoch_losses))
    return n_trainable, losses


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results = []
    for targets in target_configs:
        n_trainable, losses = _train_one(targets, n_epochs)
        results.append(
            {
                "name": "+".join(targets),
                "target_modules": targets,
                "trainable_params": n_trainable,
                "losses": losses,
                "final_loss": losses[-1],
            }
        )
    return results
