# mistake: untargeted-replaced
# nn.Sequential and nn.ModuleList are built anew from their adapted children, so untargeted modules are replaced.
import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _inject(module, prefix, rank, alpha, targets):
    for child_name, child in list(module.named_children()):
        full_name = f"{prefix}.{child_name}" if prefix else child_name
        if isinstance(child, nn.Linear):
            if any(target in full_name for target in targets):
                setattr(module, child_name, LoRALayer(child, rank=rank, alpha=alpha))
        else:
            _inject(child, full_name, rank, alpha, targets)
            if isinstance(child, nn.Sequential):
                setattr(module, child_name, nn.Sequential(*child))
            elif isinstance(child, nn.ModuleList):
                setattr(module, child_name, nn.ModuleList(list(child)))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = DEFAULT_TARGETS
    for param in model.parameters():
        param.requires_grad = False
    _inject(model, "", rank, alpha, target_modules)
    return model


SEED = 1234


def _train_one(targets, n_epochs):
    torch.manual_seed(SEED)
    x, y = generate_synthetic_data(n_samples=128)
    block = SimpleTransformerBlock(d_model=256, n_heads=8)
    block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
    n_trainable = sum(p.numel() for p in block.parameters() if p.requires_grad)
    optimizer = torch.optim.AdamW((p for p in block.parameters() if p.requires_grad), lr=2e-3)

    losses = []
    for _ in range(n_epochs):
        epoch_losses = []
        for xb, yb in zip(x.split(64), y.split(64)):
            loss = F.mse_loss(block(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            epoch_losses.append(loss.item())
        losses.append(sum(epoch_losses) / len(epoch_losses))
    return n_trainable, losses


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> dict[str, dict]:
    results = {}
    for targets in target_configs:
        n_trainable, losses = _train_one(targets, n_epochs)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_trainable,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
