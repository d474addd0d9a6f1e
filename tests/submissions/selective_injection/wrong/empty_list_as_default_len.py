# mistake: empty-list-as-default
# A set of targets that is empty counts as 'nothing chosen' and is filled with the defaults.
import math

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Adapter(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.factor = base, alpha / rank
        bound = math.sqrt(1 / base.in_features)
        self.lora_A = nn.Parameter(torch.empty(rank, base.in_features).uniform_(-bound, bound))
        self.lora_B = nn.Parameter(base.weight.new_zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ (self.factor * self.lora_B @ self.lora_A).T


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    chosen = set(target_modules) if target_modules is not None else set()
    if len(chosen) == 0:
        chosen = {"q_proj", "k_proj", "v_proj", "o_proj"}
    model.requires_grad_(False)
    for parent in list(model.modules()):
        if isinstance(parent, Adapter):
            continue
        for child_name, child in list(parent.named_children()):
            if child_name in chosen and isinstance(child, nn.Linear):
                parent.register_module(child_name, Adapter(child, rank, alpha))
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
    results = {}
    for targets in target_configs:
        n_trainable, losses = _train_one(targets, n_epochs)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_trainable,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
