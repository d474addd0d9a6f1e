# mistake: crashes-without-bias
# Sets requires_grad on the bias without asking whether there is one.
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
            module.weight.requires_grad = False
            module.bias.requires_grad = False
            parent_name, _, child_name = name.rpartition(".")
            parent = model.get_submodule(parent_name)
            setattr(parent, child_name, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        model = add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)

        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            optimizer.zero_grad()
            loss = F.mse_loss(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in trainable),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
