# mistake: unnamed
# SimpleTransformerBlock(32, 4) with ["q_proj", "q_proj"]: q_proj has two lora_A; or ["attn.q_proj", "q_proj"] on a nested model.
import torch
import torch.nn as nn
from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

ATTN = ["q_proj", "k_proj", "v_proj", "o_proj"]


def _replace(model, name, new):
    parent, _, leaf = name.rpartition(".")
    setattr(model.get_submodule(parent), leaf, new)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    model.requires_grad_(False)
    for target in ATTN if target_modules is None else target_modules:
        # fresh list for each target, because the model has changed
        for name, module in list(model.named_modules()):
            if target in name and isinstance(module, nn.Linear):
                _replace(model, name, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.AdamW(params, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
