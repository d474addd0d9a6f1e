# mistake: nested-parent-bug
# Builds the assignment as text: model.blocks.0.q_proj is a syntax error for ModuleList and Sequential.
import torch
import torch.nn.functional as F
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    """Add LoRA to the selected linear layers."""
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            exec(f"model.{name} = LoRALayer(module, rank, alpha)")
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
