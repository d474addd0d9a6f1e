# a compiled regular expression matches the names; fresh data in each epoch, under a seed of the epoch
import re

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _pattern(targets):
    if not targets:
        return re.compile(r"(?!)")  # matches nothing
    return re.compile(r"(?:^|\.)(?:" + "|".join(re.escape(t) for t in targets) + r")$")


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    pattern = _pattern(["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules)
    model.requires_grad_(False)
    hits = {name: module for name, module in model.named_modules()
            if isinstance(module, nn.Linear) and pattern.search(name)}
    for name, module in hits.items():
        *path, last = name.split(".")
        parent = model
        for part in path:
            parent = getattr(parent, part)
        parent.add_module(last, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        add_lora_to_model_selective(block, 8, 16, targets)
        parameters = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(parameters, lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            torch.manual_seed(1000 + epoch)
            x, y = generate_synthetic_data(n_samples=64)
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in parameters),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
