# mistake: one-pattern-only
# Only the first of the patterns is looked at.
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
        if isinstance(layer, nn.Linear) and target_modules and name.endswith(target_modules[0]):
            layer.lora_A = nn.Parameter(0.01 * torch.randn(rank, layer.in_features))
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
            layer.forward = functools.partial(_lora_forward, layer, alpha / rank)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if "lora_" in n]
        optimizer = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            block.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        all_results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return all_results
