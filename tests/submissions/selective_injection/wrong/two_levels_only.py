# mistake: deep-layers-missed
# Looks at the children and the grandchildren: layers that lie deeper are missed.
import torch
import torch.nn.functional as F
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    for p in model.parameters():
        p.requires_grad = False

    def wrap_children(parent):
        for name, child in list(parent.named_children()):
            if isinstance(child, nn.Linear) and name in target_modules:
                setattr(parent, name, LoRALayer(child, rank, alpha))

    wrap_children(model)
    for _, sub in list(model.named_children()):
        wrap_children(sub)  # e.g. model.attn
        for _, subsub in list(sub.named_children()):
            wrap_children(subsub)  # e.g. model.blocks.0
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
