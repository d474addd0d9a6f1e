# mistake: unnamed
# Nn.ModuleDict({"attn": SimpleTransformerBlock(32, 4)}) with rank=2, alpha=4, ["q_proj"]: scale 8 instead of 2.
# unusual: the function calls itself on the children
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    for p in model.parameters():
        p.requires_grad = False

    for name, child in model.named_children():
        if isinstance(child, nn.Linear):
            if name in target_modules:
                setattr(model, name, LoRALayer(child, rank, alpha))
        elif len(list(child.children())) > 0:
            add_lora_to_model_selective(child, rank, target_modules=target_modules)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for config in target_configs:
        torch.manual_seed(7)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, config)
        optim = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=1e-3)
        losses = []
        for i in range(n_epochs):
            optim.zero_grad()
            loss = nn.MSELoss()(model(x), y)
            loss.backward()
            optim.step()
            losses.append(loss.item())
        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
