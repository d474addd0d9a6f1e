# mistake: unnamed
# Capture the block in compare([["v_proj"]], 2): norm1.weight is no longer all ones.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for p in model.parameters():
        p.requires_grad = False
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent_name, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent_name), child, LoRALayer(module, rank, alpha))
    return model


def count(model):
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def prepare_model_for_training(model):
    """Norm layers are kept trainable, this stabilises LoRA training (see prepare_model_for_kbit_training, LongLoRA)."""
    for module in model.modules():
        if isinstance(module, nn.LayerNorm):
            for p in module.parameters():
                p.data = p.data.to(torch.float32)
                p.requires_grad_(True)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, 8, 16, targets)
        lora_params = count(model)
        model = prepare_model_for_training(model)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": lora_params,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
