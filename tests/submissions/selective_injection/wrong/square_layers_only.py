# mistake: layers-left-out
# Layers that are not square are left out, so the MLP's projections never get an adapter.
import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Look at the children of every module and swap those that are asked for."""
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"]
    if target_modules is not None:
        targets = list(target_modules)

    model.requires_grad_(False)

    for prefix, parent in list(model.named_modules()):
        for attr, child in list(parent.named_children()):
            path = (prefix + "." + attr).lstrip(".")
            if not isinstance(child, nn.Linear) or child.in_features != child.out_features:
                continue
            if any(path.endswith(t) for t in targets):
                parent._modules[attr] = LoRALayer(child, rank, alpha)

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
