# mistake: order-changed
# The entries are sorted by final loss, best first, instead of the order given.
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
    for param in model.parameters():
        param.requires_grad = False
    _inject(model, "", rank, alpha, target_modules)
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
    return dict(sorted(results.items(), key=lambda item: item[1]["final_loss"]))
