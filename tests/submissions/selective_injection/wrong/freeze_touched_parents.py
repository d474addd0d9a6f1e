# mistake: unnamed
# A model with blocks = ModuleList([SimpleTransformerBlock(32, 4)]) and a head = nn.Linear(32, 2): head.weight and head.bias stay trainable.
# unusual: worklist of parents, grouped
from collections import defaultdict

import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


class Injector:
    """Groups the targeted layers by the block that holds them; each block is frozen once, then gets its adapters."""

    def __init__(self, rank, alpha, targets):
        self.rank, self.alpha, self.targets = rank, alpha, targets
        self.groups = defaultdict(list)

    def scan(self, model):
        for name, module in model.named_modules():
            parent, _, leaf = name.rpartition(".")
            if isinstance(module, nn.Linear) and leaf in self.targets:
                self.groups[parent].append(leaf)
        return self

    def inject(self, model):
        for parent_name in self.groups:
            model.get_submodule(parent_name).requires_grad_(False)
        for parent_name, leaves in self.groups.items():
            parent = model.get_submodule(parent_name)
            for leaf in leaves:
                setattr(parent, leaf, LoRALayer(getattr(parent, leaf), self.rank, self.alpha))
        return model


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    return Injector(rank, alpha, target_modules).scan(model).inject(model)


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data()
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        trainable = [p for p in block.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(trainable, lr=1e-3)
        losses = []
        for _ in range(n_epochs):
            loss = nn.functional.mse_loss(block(x), y)
            optimizer.zero_grad()
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
