# mistake: trains-one-factor
# The optimizer gets the B factors alone, A keeps its random values.
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
            parent_name, _, child_name = name.rpartition(".")
            parent = model.get_submodule(parent_name)
            setattr(parent, child_name, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    all_results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        adapters = [p for n, p in block.named_parameters() if n.endswith("lora_B")]
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
