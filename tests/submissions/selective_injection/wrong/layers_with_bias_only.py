# mistake: layers-left-out
# Takes a Linear without bias for something else (hasattr bias and bias is set) and leaves it out.
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
        if isinstance(layer, nn.Linear) and layer.bias is not None and name.endswith(tuple(target_modules)):
            layer.lora_A = nn.Parameter(0.01 * torch.randn(rank, layer.in_features))
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
            layer.forward = functools.partial(_lora_forward, layer, alpha / rank)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
