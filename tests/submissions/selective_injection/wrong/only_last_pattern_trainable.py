# mistake: adapters-frozen
# Freezes and wraps pattern by pattern, so each pattern freezes the adapters of the one before.
import numpy as np
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _add_to(model, pattern, rank, alpha):
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and (name == pattern or name.endswith("." + pattern)):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if not target_modules:
        model.requires_grad_(False)
    for pattern in target_modules:
        _add_to(model, pattern, rank, alpha)
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
