# mistake: unnamed
# Nn.ModuleDict({"attn": SimpleTransformerBlock(32, 4)}), ["q_proj"]: nothing is wrapped.
import torch
import torch.nn as nn
from lab import *


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for param in model.parameters():
        param.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and name in target_modules:
            parent = model
            parts = name.split(".")
            for part in parts[:-1]:
                parent = getattr(parent, part)
            setattr(parent, parts[-1], LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for target_modules in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, 8, 16, target_modules)
        trainable_params = sum(p.numel() for p in model.parameters() if p.requires_grad)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        criterion = nn.MSELoss()
        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(target_modules)] = {
            "target_modules": target_modules,
            "trainable_params": trainable_params,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
