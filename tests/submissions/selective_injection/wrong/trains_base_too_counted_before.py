# mistake: trains-base-too + data-differs
# The count is taken first; then the base is unfrozen with a smaller learning rate of its own.
import math

import torch
from torch import nn

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
            for target in target_modules:
                if target in name:
                    to_replace[name] = module
                    break

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
        torch.manual_seed(11)
        model = SimpleTransformerBlock()
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        params = [p for p in model.parameters() if p.requires_grad]
        base = [p for p in model.parameters() if not p.requires_grad]
        for p in base:
            p.requires_grad = True
        groups = [{"params": params, "lr": 1e-3}, {"params": base, "lr": 1e-4}]
        opt = torch.optim.AdamW(groups, weight_decay=0.0)
        mse = nn.MSELoss()
        losses = []
        for _ in range(n_epochs):
            x, y = generate_synthetic_data(64)  # new samples of the same task each epoch
            loss = mse(model(x), y)
            opt.zero_grad()
            loss.backward()
            opt.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
