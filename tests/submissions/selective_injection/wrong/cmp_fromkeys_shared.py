# mistake: unnamed
# R = compare([["q_proj"], ["v_proj"]], 2); r["q_proj"]["target_modules"] is ["v_proj"].
# unusual: results preallocated with dict.fromkeys
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    keys = ["+".join(targets) for targets in target_configs]
    results = dict.fromkeys(keys, {"target_modules": [], "trainable_params": 0, "losses": [], "final_loss": float("inf")})
    for key, targets in zip(keys, target_configs):
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        entry = results[key]
        entry["target_modules"] = targets
        entry["trainable_params"] = sum(p.numel() for p in params)
        entry["losses"] = losses
        entry["final_loss"] = losses[-1]
    return results
