"""Trains the same block with adapters in different places."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lora_reference.inject import add_lora_to_model
from lora_reference.lab import SimpleTransformerBlock, generate_synthetic_data

__all__ = ["Comparison", "compare_target_modules"]

BATCH = 32


class Comparison(TypedDict):
    """One configuration: its targets, how many numbers it trains, the mean loss of each epoch and the last of them."""

    target_modules: list[str]
    trainable_params: int
    losses: list[float]
    final_loss: float


def compare_target_modules(
    target_configs: Sequence[Sequence[str]], n_epochs: int = 50, *, lr: float = 1e-3, seed: int = 0
) -> dict[str, Comparison]:
    """Train a fresh block for each list of targets: rank 8, alpha 16, AdamW, mean squared error, batches of 32.

    The seed is set at the start of each configuration, so that weights, data, A and batch order are the same and
    only the targets differ; the caller's random state is left as it was. Keys are `"+".join(targets)`.
    Raises ValueError for fewer than 1 epoch.
    """
    if n_epochs < 1:
        raise ValueError(f"n_epochs is {n_epochs}, should be at least 1")
    results = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            results["+".join(targets)] = _train(list(targets), n_epochs, lr)
    return results


def _train(targets: list[str], n_epochs: int, lr: float) -> Comparison:
    x, y = generate_synthetic_data()  # (B, T, d) each
    model = add_lora_to_model(SimpleTransformerBlock(), rank=8, alpha=16, target_modules=targets)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=lr)
    losses = [_epoch(model, optimizer, x, y) for _ in range(n_epochs)]
    return {
        "target_modules": targets,
        "trainable_params": sum(p.numel() for p in trained),
        "losses": losses,
        "final_loss": losses[-1],
    }


def _epoch(model: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor) -> float:
    """One pass in random order; the mean loss of its samples."""
    total = 0.0
    for batch in torch.randperm(len(x)).split(BATCH):
        loss = F.mse_loss(model(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(batch)
    return total / len(x)
