"""Exercise 2, without replacing a single module: the update is a parametrization of the weight.

torch.nn.utils.parametrize computes W + s B A whenever somebody asks the layer for its weight.
"""

import math

import torch
from torch import nn
from torch.nn.utils import parametrize

import lab

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


class LowRankUpdate(nn.Module):
    def __init__(self, weight, rank, alpha):
        super().__init__()
        n_out, n_in = weight.shape
        self.lora_A = nn.Parameter(weight.new_empty(rank, n_in).normal_(std=1 / math.sqrt(n_in)))
        self.lora_B = nn.Parameter(weight.new_zeros(n_out, rank))
        self.scale = alpha / rank

    def forward(self, weight):
        return torch.addmm(weight, self.lora_B, self.lora_A, alpha=self.scale)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = set(ATTENTION if target_modules is None else target_modules)
    model.requires_grad_(False)
    layers = [
        layer
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Linear) and any(name == t or name.endswith("." + t) for t in targets)
    ]
    for layer in layers:
        parametrize.register_parametrization(layer, "weight", LowRankUpdate(layer.weight, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    return {"+".join(targets): _train(targets, n_epochs) for targets in target_configs}


def _train(targets, n_epochs):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1843)
        inputs, wanted = lab.generate_synthetic_data(n_samples=96)
        model = add_lora_to_model_selective(lab.SimpleTransformerBlock(), 8, 16, targets)

    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(trained, lr=3e-3)

    def step():  # full batch: one step is one epoch
        optimizer.zero_grad()
        loss = (model(inputs) - wanted).square().mean()
        loss.backward()
        return loss

    losses = [optimizer.step(step).item() for _ in range(n_epochs)]
    return dict(
        target_modules=targets,
        trainable_params=sum(map(torch.numel, trained)),
        losses=losses,
        final_loss=losses[-1],
    )
