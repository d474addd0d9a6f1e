import torch
import torch.nn as nn

import lab

DEFAULT = ["q_proj", "k_proj", "v_proj", "o_proj"]


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = target_modules or DEFAULT

    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        last = name.split(".")[-1]
        if last in targets and isinstance(module, nn.Linear):
            parent = model.get_submodule(name[: -len(last)].rstrip("."))
            setattr(parent, last, lab.LoRALayer(module, rank, alpha))
    return model


def train(model, x, y, n_epochs, batch_size=32, lr=2e-3):
    params = [p for p in model.parameters() if p.requires_grad]
    optim = torch.optim.Adam(params, lr=lr)
    losses = []
    for _ in range(n_epochs):
        running = []
        for idx in torch.randperm(len(x)).split(batch_size):
            loss = ((model(x[idx]) - y[idx]) ** 2).mean()
            optim.zero_grad()
            loss.backward()
            optim.step()
            running.append(loss.item())
        losses.append(sum(running) / len(running))
    return losses


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(7)
        model = lab.SimpleTransformerBlock()
        x, y = lab.generate_synthetic_data(n_samples=64)
        model = add_lora_to_model_selective(model, target_modules=targets)
        n_trainable = sum(p.numel() for p in model.parameters() if p.requires_grad)
        losses = train(model, x, y, n_epochs)
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": n_trainable,
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
