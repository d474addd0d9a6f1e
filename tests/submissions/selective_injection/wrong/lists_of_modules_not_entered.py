# mistake: deep-layers-missed
# The recursion goes into nn.ModuleList only, layers inside an nn.Sequential or other submodule are missed.
import numpy as np
import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRA(nn.Module):
    def __init__(self, linear, rank, alpha):
        super().__init__()
        self.linear = linear
        self.lora_A = nn.Linear(linear.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, linear.out_features, bias=False)
        nn.init.zeros_(self.lora_B.weight)
        self.scaling = alpha / rank

    def forward(self, x):
        return self.linear(x) + self.scaling * self.lora_B(self.lora_A(x))


def _replace(module, rank, alpha, targets):
    for name, child in list(module.named_children()):
        if isinstance(child, nn.ModuleList):
            for block in child:
                _replace(block, rank, alpha, targets)
        elif isinstance(child, nn.Linear) and name in targets:
            setattr(module, name, LoRA(child, rank, alpha))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    model.requires_grad_(False)
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    _replace(model, rank, alpha, target_modules)
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
        entry["final_loss"] = losses[-1]
        out["+".join(cfg)] = entry
    return out
