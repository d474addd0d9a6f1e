# the layer becomes one of two parallel branches that are summed, the other a Sequential of two nn.Linear; Rprop
from collections import OrderedDict
from functools import reduce

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data


class Times(nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return self.factor * x


class Parallel(nn.Module):
    """Like nn.Sequential, but side by side: y = branch_1(x) + branch_2(x) + ..."""

    def __init__(self, **branches):
        super().__init__()
        for name, branch in branches.items():
            self.add_module(name, branch)

    def forward(self, x):
        return reduce(torch.add, (branch(x) for branch in self.children()))


def _low_rank(layer, rank, alpha):
    like = {"bias": False, "device": layer.weight.device, "dtype": layer.weight.dtype}
    down = nn.Linear(layer.in_features, rank, **like)
    up = nn.Linear(rank, layer.out_features, **like)
    nn.init.zeros_(up.weight)
    return nn.Sequential(OrderedDict(lora_A=down, lora_B=up, times=Times(alpha / rank)))


def _is_suffix(target, name):
    wanted, parts = target.split("."), name.split(".")
    return parts[len(parts) - len(wanted) :] == wanted if len(wanted) <= len(parts) else False


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    targets = ["q_proj", "k_proj", "v_proj", "o_proj"] if target_modules is None else target_modules
    for p in model.parameters():
        p.requires_grad = False
    found = [
        (name, module)
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and any(_is_suffix(t, name) for t in targets)
    ]
    for name, layer in found:
        *path, last = name.split(".")
        parent = reduce(lambda m, part: m._modules[part], path, model)
        parent._modules[last] = Parallel(pretrained=layer, update=_low_rank(layer, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(1234)
        x, y = generate_synthetic_data(n_samples=32)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        params = [p for p in block.parameters() if p.requires_grad]
        # Rprop only looks at the signs of the gradients, so the tiny ones of q_proj are no problem
        optimizer = torch.optim.Rprop(params, lr=1e-3, step_sizes=(1e-7, 5e-3))
        losses = []
        for _ in range(n_epochs):
            optimizer.zero_grad()
            loss = (block(x) - y).pow(2).mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
