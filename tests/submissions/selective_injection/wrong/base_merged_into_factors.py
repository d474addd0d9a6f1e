# mistake: unnamed
# B starts random, and its share is taken out of the weight: the output stays, the pretrained weight does not.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if not name or name.split(".")[-1] not in target_modules:
            continue
        if not isinstance(module, nn.Linear):
            continue
        parent, _, child = name.rpartition(".")
        layer = LoRALayer(module, rank, alpha)
        with torch.no_grad():
            layer.lora_B.normal_(std=0.1)
            module.weight -= alpha / rank * layer.lora_B @ layer.lora_A
        setattr(model.get_submodule(parent), child, layer)
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(7)
        x, y = generate_synthetic_data(n_samples=64)
        model = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        adapters = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapters, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in adapters),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
