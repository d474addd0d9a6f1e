# style: fresh samples each epoch, seeded by the epoch; losses before training are not kept
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def epoch_data(epoch):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(10_000 + epoch)
        return generate_synthetic_data(64)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    lora_params = set()
    for name, module in [*model.named_modules()]:
        if not isinstance(module, nn.Linear):
            continue
        if name.split(".")[-1] not in target_modules:
            continue
        wrapped = LoRALayer(module, rank=rank, alpha=alpha)
        lora_params |= {wrapped.lora_A, wrapped.lora_B}
        parent = model
        *parents, attr = name.split(".")
        for p in parents:
            parent = getattr(parent, p)
        setattr(parent, attr, wrapped)
    for p in model.parameters():
        p.requires_grad = p in lora_params
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(1)
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, 8, 16, targets)
        opt = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        losses = []
        for epoch in range(n_epochs):
            x, y = epoch_data(epoch)
            opt.zero_grad()
            loss = nn.functional.mse_loss(model(x), y)
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in model.parameters() if p.requires_grad),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
