# mistake: rest-not-frozen
# Only the wrapped layers' own weights are frozen; norms, embeddings and other layers stay trainable.
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


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = DEFAULT_TARGETS
    _inject(model, "", rank, alpha, target_modules)
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
