# mistake: unnamed
# Explicit targets overwrite the module's default configuration, so a later call with None uses the last list.
import copy

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


CONFIG = {"target_modules": ["q_proj", "k_proj", "v_proj", "o_proj"]}


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    config = CONFIG
    overrides = {"rank": rank, "alpha": alpha}
    if target_modules is not None:
        overrides["target_modules"] = target_modules
    config.update(overrides)
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in config["target_modules"]):
            parent, _, leaf = name.rpartition(".")
            setattr(model.get_submodule(parent), leaf, LoRALayer(module, config["rank"], config["alpha"]))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(1)
    template = SimpleTransformerBlock()
    X, Y = generate_synthetic_data(n_samples=64)
    table = {}
    for cfg in target_configs:
        torch.manual_seed(2)
        net = add_lora_to_model_selective(copy.deepcopy(template), target_modules=cfg)
        opt = torch.optim.AdamW([p for p in net.parameters() if p.requires_grad], lr=2e-3)
        hist = []
        while len(hist) < n_epochs:
            loss = nn.functional.mse_loss(net(X), Y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            hist.append(float(loss.detach()))
        table["+".join(cfg)] = dict(target_modules=cfg, losses=hist, final_loss=hist[-1],
                                    trainable_params=sum(p.numel() for p in net.parameters() if p.requires_grad))
    return table
