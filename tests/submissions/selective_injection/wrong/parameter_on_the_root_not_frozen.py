# mistake: unnamed
# A model with self.pos = nn.Parameter(...) on itself: pos is trainable on return.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _inject(module, prefix, rank, alpha, targets):
    for name, child in module.named_children():
        path = f"{prefix}.{name}" if prefix else name
        if isinstance(child, nn.Linear) and any(t in path for t in targets):
            setattr(module, name, LoRALayer(child, rank, alpha))
        else:
            _inject(child, path, rank, alpha, targets)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for child in model.children():
        child.requires_grad_(False)
    _inject(model, "", rank, alpha, targets)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock()
        block = add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(block(x), y)
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
