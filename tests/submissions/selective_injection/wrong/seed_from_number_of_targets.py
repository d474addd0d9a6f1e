# mistake: initial-weights-differ
# The seed depends on how many targets there are, so configurations start from different weights and data.
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


class Experiment:
    """One configuration: build everything under the seed, train, report."""

    def __init__(self, targets, seed=3):
        torch.manual_seed(seed + len(targets))
        self.targets = targets
        self.data = generate_synthetic_data()
        self.block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        self.params = [p for p in self.block.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.params, lr=1e-3)
        self.losses = []

    def epoch(self):
        x, y = self.data
        self.optimizer.zero_grad()
        loss = F.mse_loss(self.block(x), y)
        loss.backward()
        self.optimizer.step()
        self.losses.append(loss.item())

    def report(self):
        return {
            "target_modules": self.targets,
            "trainable_params": sum(p.numel() for p in self.params),
            "losses": self.losses,
            "final_loss": self.losses[-1],
        }


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        experiment = Experiment(targets)
        for _ in range(n_epochs):
            experiment.epoch()
        results["+".join(targets)] = experiment.report()
    return results
