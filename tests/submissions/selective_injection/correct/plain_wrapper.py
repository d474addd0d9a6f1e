# plain: substring of the dotted name, a wrapper around the layer, Adam on the full batch
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class LoRALinear(nn.Module):
    def __init__(self, original_layer, rank, alpha):
        super().__init__()
        self.original_layer = original_layer
        self.scaling = alpha / rank
        self.lora_A = nn.Parameter(torch.empty(rank, original_layer.in_features))
        self.lora_B = nn.Parameter(torch.zeros(original_layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_A, a=math.sqrt(5))

    def forward(self, x):
        return self.original_layer(x) + (x @ self.lora_A.T @ self.lora_B.T) * self.scaling


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]

    for param in model.parameters():
        param.requires_grad = False

    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            if "." in name:
                parent_name, child_name = name.rsplit(".", 1)
                parent = model.get_submodule(parent_name)
            else:
                parent, child_name = model, name
            setattr(parent, child_name, LoRALinear(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(42)
        model = SimpleTransformerBlock()
        x, y = generate_synthetic_data(128, 16, 256)
        add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=targets)
        trainable = [p for p in model.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(trainable, lr=1e-3)
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
