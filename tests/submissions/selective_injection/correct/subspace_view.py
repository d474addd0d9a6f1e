# mistake: none | contract: fulfilled
# style: B's columns and A's rows in one wrapper with two submodules `left` and `right`, names end in lora_A and lora_B; Adafactor by hand; noise on x drawn after the adapters from a generator of its own
import math

import torch
from torch import nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION = ["q_proj", "k_proj", "v_proj", "o_proj"]


class Half(nn.Module):
    def __init__(self, name, value):
        super().__init__()
        self.register_parameter(name, nn.Parameter(value))
        self.name = name

    def forward(self, x):
        return x @ getattr(self, self.name).T


class Wrapped(nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.right = Half("lora_A", torch.randn(rank, base.in_features) / math.sqrt(rank))
        self.left = Half("lora_B", torch.zeros(base.out_features, rank))
        self.base = base
        self.factor = alpha / rank

    def forward(self, x):
        return self.base(x) + self.left(self.right(self.factor * x))


@torch.no_grad()
def adafactor(params, state, step, lr):
    for i, p in enumerate(params):
        g2 = p.grad.square() + 1e-30
        row, col = state.setdefault(i, (torch.zeros(len(p), 1), torch.zeros(1, p.shape[1])))
        beta = 1 - step**-0.8
        row.lerp_(g2.mean(1, keepdim=True), 1 - beta)
        col.lerp_(g2.mean(0, keepdim=True), 1 - beta)
        update = p.grad / (row / row.mean()).sqrt() / col.sqrt()
        p -= lr * update / max(1.0, update.square().mean().sqrt().item())


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ATTENTION
    model.requires_grad_(False)
    for name, module in list(model.named_modules()):
        if isinstance(module, nn.Linear) and any(target in name for target in target_modules):
            parent, _, child = name.rpartition(".")
            setattr(model.get_submodule(parent), child, Wrapped(module, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    results = {}
    for targets in target_configs:
        torch.manual_seed(0)
        block = SimpleTransformerBlock()
        x, y = generate_synthetic_data(64)
        add_lora_to_model_selective(block, rank=8, alpha=16, target_modules=targets)
        params = [p for p in block.parameters() if p.requires_grad]
        noise, state, losses = torch.Generator().manual_seed(5), {}, []
        for step in range(1, n_epochs + 1):
            rows = torch.randperm(len(x), generator=noise)
            block.zero_grad()
            loss = (block(x[rows] + 0.01 * torch.randn(x.shape, generator=noise)) - y[rows]).square().mean()
            loss.backward()
            adafactor(params, state, step, 2e-3)
            losses.append(loss.item())
        results["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for p in params),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return results
