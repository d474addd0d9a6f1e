# mistake: nested-parent-bug
# Takes the first part of the name for the parent, which is right for two parts and wrong from three on.
import math

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
                parts = name.split(".")
                parent, attr = modules[parts[0]], parts[-1]
            else:
                parent, attr = model, name
            setattr(parent, attr, LinearWithLoRA(module, rank, alpha))
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
