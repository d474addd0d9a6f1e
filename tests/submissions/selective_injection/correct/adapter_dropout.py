# the adapters have dropout in training mode, PEFT's usual 0.05, of which the contract says nothing here
import torch
import torch.nn as nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data

LORA_DROPOUT = 0.05


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            layer = LoRALayer(module, rank=rank, alpha=alpha, dropout=LORA_DROPOUT)
            layer.train(module.training)
            setattr(model.get_submodule(parent), child, layer)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(21)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, 8, 16, targets)
        params = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(params, lr=1e-3)
        model.train()
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
