# mistake: unnamed
# The recursion does not go into a module of another kind whose name matches, so a q_proj inside a container called q_proj is missed.
# style: recursion with last-component equality
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _inject(module, rank, alpha, targets):
    for name, child in list(module.named_children()):
        if name in targets:
            if isinstance(child, nn.Linear):
                setattr(module, name, LoRALayer(child, rank, alpha))
        else:
            _inject(child, rank, alpha, targets)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = {t.rpartition(".")[2] for t in (ATTENTION if target_modules is None else target_modules)}
    model.requires_grad_(False)
    _inject(model, rank, alpha, targets)
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
