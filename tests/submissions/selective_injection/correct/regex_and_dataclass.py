# regex and dataclass
import re
from dataclasses import dataclass, field, asdict

import torch
from torch import nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


@dataclass
class Entry:
    target_modules: list
    trainable_params: int = 0
    losses: list = field(default_factory=list)
    final_loss: float = float("nan")


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    names = "q_proj k_proj v_proj o_proj".split() if target_modules is None else target_modules
    pattern = re.compile(r"(?:.*\.)?(?:" + "|".join(map(re.escape, names)) + r")") if names else re.compile(r"(?!)")
    hits = [(n, m) for n, m in model.named_modules() if isinstance(m, nn.Linear) and pattern.fullmatch(n)]
    model.requires_grad_(False)
    for n, m in hits:
        *path, leaf = n.split(".")
        model.get_submodule(".".join(path)).register_module(leaf, LoRALayer(m, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    def seeded(k):
        torch.manual_seed(k)

    result = {}
    for targets in target_configs:
        entry = Entry(target_modules=targets)
        seeded(1); model = SimpleTransformerBlock()
        seeded(2); x, y = generate_synthetic_data(64)
        seeded(3); add_lora_to_model_selective(model, target_modules=targets)
        params = [p for p in model.parameters() if p.requires_grad]
        entry.trainable_params = sum(p.numel() for p in params)
        opt = torch.optim.SGD(params, lr=0.2, momentum=0.5, nesterov=True)
        for _ in range(n_epochs):
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x), y, reduction="sum") / x.numel()
            loss.backward()
            opt.step()
            entry.losses.append(loss.item())
        entry.final_loss = entry.losses[-1]
        result["+".join(targets)] = asdict(entry)
    return result
