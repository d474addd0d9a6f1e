# mistake: other-defaults
# n_epochs has 10 as its default instead of 50.
import functools

import torch
import torch.nn.functional as F
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


def _lora_forward(layer, scale, x):
    y = F.linear(x, layer.weight, layer.bias)
    return y + scale * F.linear(F.linear(x, layer.lora_A), layer.lora_B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = "q_proj k_proj v_proj o_proj".split()
    model.requires_grad_(False)
    for name, layer in model.named_modules():
        if isinstance(layer, nn.Linear) and name.endswith(tuple(target_modules)):
            layer.lora_A = nn.Parameter(0.01 * torch.randn(rank, layer.in_features))
            layer.lora_B = nn.Parameter(torch.zeros(layer.out_features, rank))
            layer.forward = functools.partial(_lora_forward, layer, alpha / rank)
    return model


class Experiment:
    """One configuration: build everything under the seed, train, report."""

    def __init__(self, targets, seed=3):
        torch.manual_seed(seed)
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


def compare_target_modules(target_configs, n_epochs=10):
    results = {}
    for targets in target_configs:
        experiment = Experiment(targets)
        for _ in range(n_epochs):
            experiment.epoch()
        results["+".join(targets)] = experiment.report()
    return results
