# mistake: scaling-sqrt-rank
# Scales by alpha / sqrt(rank), as rsLoRA does.
import copy
import functools
import math

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
            layer.forward = functools.partial(_lora_forward, layer, alpha / math.sqrt(rank))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    torch.manual_seed(7)
    template = SimpleTransformerBlock()
    inputs, targets = generate_synthetic_data()
    loss_fn = nn.MSELoss()
    results = {}

    for config in target_configs:
        torch.manual_seed(7)
        net = copy.deepcopy(template)
        add_lora_to_model_selective(net, rank=8, alpha=16, target_modules=config)
        net.train()
        adapter_params = [p for p in net.parameters() if p.requires_grad]
        optimizer = torch.optim.Adam(adapter_params, lr=1e-3)

        losses = []
        for epoch in range(n_epochs):
            prediction = net(inputs)
            loss = loss_fn(prediction, targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(float(loss.detach()))

        results["+".join(config)] = {
            "target_modules": config,
            "trainable_params": sum(p.numel() for p in adapter_params),
            "losses": losses,
            "final_loss": losses[-1],
        }

    return results
