# style: compiled regular expression; the comparison trains in float64
import re

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _compile(patterns):
    if not patterns:
        return re.compile(r"(?!)")  # never matches
    return re.compile(r"(?:^|\.)(?:" + "|".join(map(re.escape, patterns)) + r")$")


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    regex = _compile(["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules)
    [p.requires_grad_(False) for p in model.parameters()]
    snapshot = dict(model.named_modules())
    for name, module in snapshot.items():
        if isinstance(module, nn.Linear) and regex.search(name):
            parent, _, leaf = name.rpartition(".")
            setattr(snapshot[parent], leaf, LoRALayer(module, rank=rank, alpha=alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    summary = {}
    for targets in target_configs:
        torch.manual_seed(123456789)
        x, y = (t.double() for t in generate_synthetic_data(32))
        model = SimpleTransformerBlock().double()
        add_lora_to_model_selective(model, 8, 16, targets)
        ps = [p for p in model.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(ps, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        summary["+".join(targets)] = {"target_modules": targets, "trainable_params": sum(p.nelement() for p in ps),
                                      "losses": losses, "final_loss": losses[-1]}
    return summary
