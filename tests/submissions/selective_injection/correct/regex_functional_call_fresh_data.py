# style: one compiled regular expression (dotted suffix), the base layer is run by functional_call on the effective weight, and the data are drawn anew each epoch under a seed of the epoch; RMSE
import math
import re

import torch
from torch import nn
from torch.func import functional_call

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.register_buffer("scale", torch.tensor(alpha / rank, dtype=torch.float64, device=linear.weight.device), persistent=False)
        self.lora_A = nn.Parameter(torch.randn(rank, linear.in_features).to(linear.weight) / math.sqrt(linear.in_features))
        self.lora_B = nn.Parameter(torch.zeros(linear.out_features, rank).to(linear.weight))

    def forward(self, input):
        W = self.linear.weight + self.scale * (self.lora_B @ self.lora_A)
        return functional_call(self.linear, {"weight": W}, (input,))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    if not target_modules:
        return model
    rule = re.compile(r"(?:.*\.)?(?:" + "|".join(map(re.escape, target_modules)) + ")")
    hits = {n: m for n, m in model.named_modules() if rule.fullmatch(n) and isinstance(m, nn.Linear)}
    for n, m in hits.items():
        *path, leaf = n.split(".")
        setattr(model.get_submodule(".".join(path)), leaf, LoRA(m, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(2024)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3, weight_decay=0.01)
        losses = []
        for epoch in range(n_epochs):
            torch.manual_seed(10_000 + epoch)  # other data each epoch, the same ones for every configuration
            x, y = generate_synthetic_data(64)
            opt.zero_grad()
            rmse = (block(x) - y).square().mean().sqrt()
            rmse.backward()
            opt.step()
            losses.append(rmse.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
