import torch
import torch.nn as nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def matches(name, patterns):
    return any(pattern in name for pattern in patterns)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    for parameter in model.parameters():
        parameter.requires_grad_(False)

    def inject(module, prefix):
        for name, child in module.named_children():
            full_name = f"{prefix}{name}"
            if isinstance(child, nn.Linear):
                if matches(full_name, target_modules):
                    setattr(module, name, LoRALayer(child, rank=rank, alpha=alpha))
            else:
                inject(child, f"{full_name}.")

    inject(model, "")
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(2024)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        optimizer = torch.optim.AdamW((p for p in model.parameters() if p.requires_grad), lr=2e-3)
        loss_fn = nn.MSELoss()

        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())

        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
