# mistake: unnamed
# The old layer is deleted and the wrapper added, so it moves to the end of its parent and an nn.Sequential runs in another order.
# style: removes before it adds
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ATTENTION
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            owner = model.get_submodule(parent)
            delattr(owner, child)
            owner.add_module(child, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=2e-3)
        losses = []
        for epoch in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
