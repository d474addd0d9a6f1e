# mistake: bias-added-twice
# The bias is in the base layer's output and is added once more; it shows only in layers with a bias.
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

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
        y = self.base(x) + self.scale * (x @ self.lora_A.T @ self.lora_B.T)
        if self.base.bias is not None:
            y = y + self.base.bias
        return y


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
