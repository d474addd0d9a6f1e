# mistake: counts-all-parameters
# trainable_params counts all parameters, frozen ones too.
import math

import numpy as np
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    """W stays frozen, B @ A is learnt."""

    def __init__(self, linear: nn.Linear, r: int, alpha: float):
        super().__init__()
        self.base = linear
        self.lora_A = nn.Parameter(torch.empty(r, linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, r))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))
        self.scale = alpha / r

    def forward(self, x):
        return self.base(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)


def _parent_of(model: nn.Module, dotted: str):
    *path, last = dotted.split(".")
    parent = model
    for part in path:
        parent = getattr(parent, part)
    return parent, last


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules

    # 1. freeze everything
    for p in model.parameters():
        p.requires_grad = False

    # 2. find the layers
    found = []
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and any(name.endswith(t) for t in targets):
            found.append((name, module))

    # 3. wrap them
    for name, module in found:
        parent, last = _parent_of(model, name)
        setattr(parent, last, LoRALinear(module, rank, alpha))
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
        entry["trainable_params"] = int(sum(p.numel() for p in model.parameters()))
        entry["losses"] = losses
        entry["final_loss"] = losses[-1]
        out["+".join(cfg)] = entry
    return out
