# mistake: one-pattern-only
# The flag is overwritten by each pattern, so only the last one counts.
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoraLayer(nn.Module):
    def __init__(self, layer, rank, alpha):
        super().__init__()
        self.layer = layer
        self.lora_A = nn.Linear(layer.in_features, rank, bias=False)
        self.lora_B = nn.Linear(rank, layer.out_features, bias=False)
        self.scaling = alpha / rank
        nn.init.kaiming_uniform_(self.lora_A.weight, a=math.sqrt(5))
        nn.init.zeros_(self.lora_B.weight)

    def forward(self, x):
        return self.layer(x) + self.scaling * self.lora_B(self.lora_A(x))


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    to_replace = {}
    for name, module in model.named_modules():
        if isinstance(module, nn.Linear):
            matched = False
            for target in target_modules:
                matched = target in name
            if matched:
                to_replace[name] = module

    for name, module in to_replace.items():
        parent = model
        *parents, attr = name.split(".")
        for p in parents:
            parent = getattr(parent, p)
        setattr(parent, attr, LoraLayer(module, rank, alpha))

    # only the adapters are trained
    for name, param in model.named_parameters():
        param.requires_grad = "lora_A" in name or "lora_B" in name

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
