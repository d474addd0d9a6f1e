"""Fine-tuning with a known answer: a block that is to become its teacher, the block plus a planted update."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lora_reference.inject import add_lora_to_model
from lora_reference.lab import SimpleTransformerBlock
from lora_reference.layers import LoRALayer
from lora_reference.svd import low_rank_approximation
from lora_reference.training import TrainingHistory, evaluate, train

__all__ = ["PlantedTask", "RankResult", "planted_task", "sweep_ranks"]


@dataclass(frozen=True)
class PlantedTask:
    """The block as pretrained, the updates that make it its teacher, and what the teacher says."""

    base: SimpleTransformerBlock
    updates: dict[str, Tensor]  # layer -> dW, (out, in), of the planted rank
    x: Tensor  # (n, T, d)
    y: Tensor  # (n, T, d), the teacher's output
    held_out: tuple[Tensor, Tensor]

    def fresh(self) -> SimpleTransformerBlock:
        """A copy of the block to fine-tune."""
        return copy.deepcopy(self.base)

    def taught(self, updates: dict[str, Tensor]) -> SimpleTransformerBlock:
        """The block with these updates added to its weights."""
        model = self.fresh()
        with torch.no_grad():
            for name, update in updates.items():
                layer = model.get_submodule(name)
                assert isinstance(layer, nn.Linear)
                layer.weight += update
        return model


def planted_task(
    rank: int = 4,
    targets: Sequence[str] = ("v_proj", "up_proj"),
    *,
    strength: float = 1.0,
    d_model: int = 64,
    n_heads: int = 4,
    n_samples: int = 512,
    seq_len: int = 16,
    seed: int = 0,
) -> PlantedTask:
    """A task of fine-tuning whose answer has rank k = `rank` in the layers `targets` of the lab's block.

        teacher = block with W + dW,    dW = strength ||W|| U V' / sqrt(k),    U and V orthonormal, (out, k) and (in, k)

    All k singular values are equal, so a rank below k must leave a share sqrt(1 - r / k) of dW out, and a rank of k
    need leave nothing. Inputs are normal, y is the teacher's output; as many held-out samples as training ones.
    What LoRA reaches below the planted rank is bounded by Eckart and Young: see `lora_reference.svd`.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        base = SimpleTransformerBlock(d_model, n_heads).eval().requires_grad_(False)
        updates = {}
        for name in targets:
            W = base.get_submodule(name).weight
            assert isinstance(W, Tensor)
            U, V = (torch.linalg.qr(torch.randn(size, rank))[0] for size in W.shape)  # (out, k), (in, k)
            updates[name] = strength * W.norm() * U @ V.T / rank**0.5  # (out, in)
        x = torch.randn(2 * n_samples, seq_len, d_model)
    empty = x[:0]
    teacher = PlantedTask(base, updates, empty, empty, (empty, empty)).taught(updates)
    with torch.no_grad():
        y = teacher(x)
    return PlantedTask(base, updates, x[:n_samples], y[:n_samples], (x[n_samples:], y[n_samples:]))


@dataclass(frozen=True)
class RankResult:
    """What LoRA of one rank came to."""

    rank: int
    trainable_params: int
    history: TrainingHistory
    held_out_loss: float
    weight_error: float  # ||dW - s B A|| / ||dW|| over all planted layers
    weight_bound: float  # the same for the best approximation of this rank: nothing of rank r lies below
    bound_loss: float  # held-out loss of the block with those best approximations


def sweep_ranks(
    task: PlantedTask,
    ranks: Sequence[int] = (1, 2, 4, 8, 16),
    *,
    targets: Sequence[str] | None = None,
    n_epochs: int = 60,
    learning_rate: float = 1e-2,
    seed: int = 0,
) -> list[RankResult]:
    """Fine-tune the block with LoRA of each rank r (alpha = r: scaling 1) on the task, from the same seed.

    `targets` are the planted layers unless given. The loss falls with the rank up to the planted one and not beyond.
    """
    found = []
    for rank in ranks:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = add_lora_to_model(task.fresh(), rank, rank, list(targets or task.updates))
        history = train(
            model,
            task.x,
            task.y,
            n_epochs=n_epochs,
            learning_rate=learning_rate,
            held_out=task.held_out,
            seed=seed,
        )
        best = {name: low_rank_approximation(update, rank) for name, update in task.updates.items()}
        found.append(
            RankResult(
                rank=rank,
                trainable_params=history.trainable_params,
                history=history,
                held_out_loss=history.held_out_losses[-1],
                weight_error=relative_error(task.updates, learnt(model, task.updates)),
                weight_bound=relative_error(task.updates, best),
                bound_loss=evaluate(task.taught(best), *task.held_out),
            )
        )
    return found


def learnt(model: nn.Module, updates: dict[str, Tensor]) -> dict[str, Tensor]:
    """The updates that the model's adapters learnt, zeros for layers without one."""
    layers = {name: model.get_submodule(name) for name in updates}
    return {
        name: layer.delta_weight().detach()
        if isinstance(layer, LoRALayer)
        else torch.zeros_like(updates[name])
        for name, layer in layers.items()
    }


def relative_error(wanted: dict[str, Tensor], got: dict[str, Tensor]) -> float:
    """||wanted - got|| / ||wanted||, over all layers together."""
    missed = sum(float((wanted[name] - got[name]).square().sum()) for name in wanted)
    whole = sum(float(update.square().sum()) for update in wanted.values())
    return math.sqrt(missed / whole)
