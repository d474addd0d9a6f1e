# mistake: all-patterns-required
# all() instead of any(): a layer must match every pattern, so with two of them none is wrapped.
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
            if isinstance(child, nn.Linear) and targets and all(path.endswith(t) for t in targets):
                parent._modules[attr] = LoRALayer(child, rank, alpha)

    return model


def compare_target_modules(target_configs, n_epochs=50):
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if "lora_" in n]
        optimizer = torch.optim.AdamW(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            block.zero_grad()
            loss = F.mse_loss(block(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        all_results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in block.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return all_results
