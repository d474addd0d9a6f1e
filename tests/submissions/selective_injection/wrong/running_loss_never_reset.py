# mistake: unnamed
# Any configuration, n_epochs=3: the losses rise about 1 : 2 : 3.
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(t in name for t in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, LoRALayer(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(1)
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        opt = torch.optim.Adam(params, lr=1e-3)
        losses, running, n_batches = [], 0.0, 4
        for epoch in range(n_epochs):
            for xb, yb in zip(x.chunk(n_batches), y.chunk(n_batches)):
                loss = nn.functional.mse_loss(block(xb), yb)
                opt.zero_grad()
                loss.backward()
                opt.step()
                running += loss.item()
            losses.append(running / n_batches)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
