# the update is computed in float64 from factors in the layer's dtype; samples drawn with replacement out of 256; LoRA+ learning rates
import random
from fnmatch import translate
from re import fullmatch

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class PreciseLoRA(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        self.lora_A = nn.Parameter(torch.randn(rank, layer.in_features, dtype=torch.float64).mul(0.05).to(layer.weight))
        self.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank).to(layer.weight))
        self.scaling = alpha / rank

    def forward(self, x):
        A, B = self.lora_A.double(), self.lora_B.double()
        update = self.scaling * (x.double() @ A.T @ B.T)
        y = self.layer(x)
        return y + update.to(y.dtype)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """An empty list of targets becomes an empty list of patterns, and matches nothing."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    patterns = [translate(p) for t in targets for p in (t, f"*.{t}")]
    for p in model.parameters():
        p.requires_grad_(False)
    hits = [
        (n, m)
        for n, m in model.named_modules()
        if isinstance(m, nn.Linear) and any(fullmatch(p, n) for p in patterns)
    ]
    for n, m in hits:
        parent = model
        *path, last = n.split(".")
        for part in path:
            parent = getattr(parent, part)
        setattr(parent, last, PreciseLoRA(m, rank, alpha))
    return model


class Loss(float):
    """A float that prints itself shortly."""

    def __repr__(self):
        return f"{self:.4f}"


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(8)
        lottery = random.Random(8)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(256)
        add_lora_to_model_selective(block, target_modules=targets)
        factors = {"A": [], "B": []}
        for name, p in block.named_parameters():
            if p.requires_grad:
                factors[name[-1]].append(p)
        optimizer = torch.optim.SGD(
            [{"params": factors["A"], "lr": 0.05}, {"params": factors["B"], "lr": 0.8}], momentum=0.9, nesterov=True
        )
        losses = []
        for _ in range(n_epochs):
            batches = [lottery.choices(range(len(x)), k=16) for _ in range(3)]
            seen = []
            for rows in batches:
                loss = nn.functional.mse_loss(block(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                seen.append(loss.item())
            losses.append(Loss(sum(seen) / len(seen)))
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for ps in factors.values() for p in ps),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
