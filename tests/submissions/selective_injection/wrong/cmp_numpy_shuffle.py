# mistake: unnamed
# Compare([["q_proj"], ["v_proj", "gate_proj"]], 3) against the reverse order: losses differ by more than 1e-4.
# unusual: minibatch trainer as a generator
import numpy as np
import torch
from torch import nn

from lab import LoRALayer, SimpleTransformerBlock, generate_synthetic_data


def _walk(module, wanted, rank, alpha):
    for key, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            if key in wanted:
                setattr(module, key, LoRALayer(child, rank, alpha))
        else:
            _walk(child, wanted, rank, alpha)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    wanted = ("q_proj", "k_proj", "v_proj", "o_proj") if target_modules is None else tuple(target_modules)
    model.requires_grad_(False)
    _walk(model, wanted, rank, alpha)
    return model


def minibatches(x, y, size=16):
    order = np.random.permutation(len(x))
    for i in range(0, len(order), size):
        idx = torch.as_tensor(order[i : i + size])
        yield x[idx], y[idx]


def epochs(block, x, y, n):
    opt = torch.optim.AdamW([p for p in block.parameters() if p.requires_grad], lr=3e-3)
    for _ in range(n):
        running = 0.0
        for xb, yb in minibatches(x, y):
            loss = (block(xb) - yb).square().mean()
            opt.zero_grad()
            loss.backward()
            opt.step()
            running += loss.item() * len(xb) / len(x)
        yield running


def compare_target_modules(target_configs, n_epochs=50):
    table = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data()
        add_lora_to_model_selective(block, 8, 16, targets)
        count = sum(p.numel() for p in block.parameters() if p.requires_grad)
        losses = list(epochs(block, x, y, n_epochs))
        table["+".join(targets)] = dict(target_modules=targets, trainable_params=count, losses=losses, final_loss=losses[-1])
    return table
