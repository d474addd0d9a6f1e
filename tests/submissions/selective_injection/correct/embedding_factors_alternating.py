# the factors are the tables of two nn.Embedding named lora_A and lora_B; epochs train B and A in turns
import itertools

import torch
from torch import nn
from torch.nn import functional as F

from lab import SimpleTransformerBlock, generate_synthetic_data


class TableLoRA(nn.Module):
    """An nn.Embedding is nothing but a matrix with a name: `lora_A.weight` is (rank, in), `lora_B.weight` (out, rank)."""

    def __init__(self, pretrained, rank, alpha):
        super().__init__()
        W = pretrained.weight
        self.pretrained = pretrained
        self.tables = nn.ModuleDict(
            {
                "lora_A": nn.Embedding(rank, pretrained.in_features, device=W.device, dtype=W.dtype),
                "lora_B": nn.Embedding(pretrained.out_features, rank, device=W.device, dtype=W.dtype),
            }
        )
        with torch.no_grad():
            self.tables["lora_A"].weight.div_(pretrained.in_features**0.5)
            self.tables["lora_B"].weight.fill_(0)
        self.scaling = alpha / rank

    def forward(self, x):
        A, B = (self.tables[name].weight for name in ("lora_A", "lora_B"))
        return self.pretrained(x) + F.linear(F.linear(x * self.scaling, A), B)


def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    if target_modules is None:
        target_modules = ["q_proj", "k_proj", "v_proj", "o_proj"]
    model.requires_grad_(False)
    queue = [("", model)]
    for prefix, parent in queue:  # the list grows while we read it: breadth first
        for child_name, child in parent.named_children():
            name = prefix + child_name
            if not isinstance(child, nn.Linear):
                queue.append((name + ".", child))
            elif any(t in name for t in target_modules):
                parent.register_module(child_name, TableLoRA(child, rank, alpha))
    return model


def compare_target_modules(target_configs, n_epochs=50):
    comparison = {}
    for targets in target_configs:
        torch.manual_seed(0)
        x, y = generate_synthetic_data(32)
        block = add_lora_to_model_selective(SimpleTransformerBlock(), 8, 16, targets)
        named = [(n, p) for n, p in block.named_parameters() if p.requires_grad]
        halves = [[p for n, p in named if f"lora_{half}" in n] for half in "BA"]
        optimizers = itertools.cycle([torch.optim.Adam(half, lr=2e-3) for half in halves])
        losses = []
        for _, optimizer in zip(range(n_epochs), optimizers):
            for xs, ys in zip(x.chunk(2), y.chunk(2)):
                loss = F.mse_loss(block(xs), ys)
                block.zero_grad()
                loss.backward()
                optimizer.step()  # the other half's gradients are simply not used
            with torch.no_grad():
                losses.append(F.mse_loss(block(x), y).item())
        comparison["+".join(targets)] = {
            "target_modules": targets,
            "trainable_params": sum(p.numel() for _, p in named),
            "losses": losses,
            "final_loss": losses[-1],
        }
    return comparison
