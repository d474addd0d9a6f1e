# mistake: unnamed
# Compare([["gate_proj"]], 2)["gate_proj"]["trainable_params"] is 4096, not 6144.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

RANK, ALPHA, D_MODEL = 8, 16, 256


def _walk(module, wanted, rank, alpha):
    for key, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            if key in wanted:
                setattr(module, key, LoRALayer(child, rank, alpha))
        else:
            _walk(child, wanted, rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    _walk(model, wanted, rank, alpha)
    return model


def lora_parameter_count(targets, d=D_MODEL, r=RANK):
    """A is (r, d), B is (d, r): 2 r d for each targeted matrix."""
    return len(targets) * 2 * r * d


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = SimpleTransformerBlock(D_MODEL)
        add_lora_to_model_selective(block, RANK, ALPHA, targets)
        opt = torch.optim.AdamW([p for p in block.parameters() if p.requires_grad], lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": lora_parameter_count(targets),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
