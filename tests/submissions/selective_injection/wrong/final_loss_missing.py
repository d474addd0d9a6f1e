# mistake: entries-incomplete
# The entries have no final_loss.
import math

import numpy as np
import torch
import torch.nn as nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoraLayer(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        self.lora_A = nn.Linear(layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, layer.out_features, bias=False)
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.layer(x) + self.scaling * self.lora_B(self.lora_A(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    to_replace = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            for target in target_modules:
                if target in name:
                    to_replace[name] = module
                    break

    for name, module in to_replace.items():
        parent = model
        *parents, attr = name.split(".")
        for p in parents:
            parent = getattr(parent, p)
        setattr(parent, attr, LoraLayer(module, rank, alpha))

    # only the adapters are trained
    for name, param in model.named_parameters():
        param.requires_grad = "lora_A" in name or "lora_B" in name

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
        out["+".join(cfg)] = entry
    return out
