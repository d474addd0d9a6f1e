# mistake: final-loss-not-last
# final_loss is the loss of the very last batch, while losses holds the means of the epochs.
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LinearWithLoRA(nn.Linear):
    """An nn.Linear that has a low-rank update beside its weight."""

    def __init__(self, old: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__(old.in_features, old.out_features, bias=old.bias is not None)
        self.weight = old.weight
        self.bias = old.bias
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.zeros(rank, old.in_features))
        self.lora_B = nn.Parameter(torch.zeros(old.out_features, rank))
        nn.init.normal_(self.lora_A, std=1 / math.sqrt(old.in_features))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = F.linear(x, self.weight, self.bias)
        return h + F.linear(F.linear(x, self.lora_A), self.lora_B) * self.scaling


def is_target(name: str, targets: list[str]) -> bool:
    for t in targets:
        if name == t or name.endswith("." + t):
            return True
    return False


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    modules = dict(model.named_modules())
    for name, module in modules.items():
        if isinstance(module, nn.Linear) and is_target(name, target_modules):
            if "." in name:
                parent_name, attr = name.rsplit(".", 1)
                parent = modules[parent_name]
            else:
                parent, attr = model, name
            setattr(parent, attr, LinearWithLoRA(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    batch_size = 32
    out = dict()
    for cfg in target_configs:
        torch.manual_seed(2024)
        model = SimpleTransformerBlock()
        X, Y = generate_synthetic_data(128)
        model = add_lora_to_model_selective(model, target_modules=cfg)
        lora_params = list(filter(lambda p: p.requires_grad, model.parameters()))
        optim = torch.optim.AdamW(lora_params, lr=1e-3)

        losses = []
        for ep in range(n_epochs):
            perm = torch.randperm(len(X))
            batch_losses = []
            for start in range(0, len(X), batch_size):
                idx = perm[start : start + batch_size]
                loss = ((model(X[idx]) - Y[idx]) ** 2).mean()
                optim.zero_grad()
                loss.backward()
                optim.step()
                batch_losses.append(loss.item())
            losses.append(float(np.mean(batch_losses)))

        entry = {}
        entry["target_modules"] = cfg
        entry["trainable_params"] = int(sum(p.numel() for p in lora_params))
        entry["losses"] = losses
        entry["final_loss"] = loss.item()
        out["+".join(cfg)] = entry
    return out
