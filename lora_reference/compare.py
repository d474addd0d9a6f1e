"""Training the lab's block with adapters in different places."""

from collections.abc import Sequence
from typing import TypedDict

import torch

from lora_reference.inject import add_lora_to_model
from lora_reference.lab import SimpleTransformerBlock, generate_synthetic_data
from lora_reference.training import train_epoch

__all__ = ["TargetResult", "compare_target_modules"]


class TargetResult(TypedDict):
    """What one choice of target modules gave; `losses` has the mean training loss of each epoch."""

    target_modules: list[str]
    trainable_params: int
    losses: list[float]
    final_loss: float


def compare_target_modules(
    target_configs: Sequence[Sequence[str]],
    n_epochs: int = 50,
    *,
    rank: int = 8,
    alpha: float = 16,
    learning_rate: float = 1e-3,
    batch_size: int = 16,
    seed: int = 0,
) -> dict[str, TargetResult]:
    """Train the lab's block once for each list of targets: {"q_proj+v_proj": result, ...} in the order given.

    The data are the lab's default ones, the loss is the mean squared error, the optimizer AdamW. Each choice
    starts from the same seed, so it has the same initial weights, data and batches whatever else is listed;
    torch's generator is left as it was. Raises ValueError for n_epochs < 1 and where nothing matches.
    """
    if n_epochs < 1:
        raise ValueError(f"n_epochs = {n_epochs}, should be at least 1")
    results: dict[str, TargetResult] = {}
    for targets in target_configs:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            x, y = generate_synthetic_data()
            model = add_lora_to_model(SimpleTransformerBlock(), rank, alpha, targets)
            trained = [p for p in model.parameters() if p.requires_grad]
            optimizer = torch.optim.AdamW(trained, lr=learning_rate)
            losses = [train_epoch(model, x, y, optimizer, batch_size) for _ in range(n_epochs)]
        results["+".join(targets)] = TargetResult(
            target_modules=list(targets),
            trainable_params=sum(p.numel() for p in trained),
            losses=losses,
            final_loss=losses[-1],
        )
    return results
