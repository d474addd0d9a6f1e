"""Training adapters, with what happens inside made visible."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lora_reference.layers import LoRALayer

__all__ = ["LayerHistory", "TrainingHistory", "evaluate", "train"]

Loss = Callable[[Tensor, Tensor], Tensor]
Data = tuple[Tensor, Tensor]


@dataclass
class LayerHistory:
    """Frobenius norms of one adapter: before training, then after each epoch (n_epochs + 1 values each)."""

    norm_A: list[float] = field(default_factory=list)
    norm_B: list[float] = field(default_factory=list)
    norm_update: list[float] = field(
        default_factory=list
    )  # of s B A, its scaling included (DoRA: of all of dW)

    @torch.no_grad()
    def note(self, layer: LoRALayer) -> None:
        """Add the norms as they are now."""
        self.norm_A.append(float(layer.lora_A.float().norm()))
        self.norm_B.append(float(layer.lora_B.float().norm()))
        self.norm_update.append(float(layer.delta_weight().float().norm()))


@dataclass
class TrainingHistory:
    """What `train` saw. Losses are means over samples."""

    losses: list[float] = field(default_factory=list)  # of each epoch, while it trained
    held_out_losses: list[float] = field(
        default_factory=list
    )  # before, then after each epoch; empty without such data
    loss_before: float = 0.0  # of the training data, in evaluation mode
    loss_after: float = 0.0
    trainable_params: int = 0
    layers: dict[str, LayerHistory] = field(default_factory=dict)  # of each adapter, by name


def train(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    *,
    n_epochs: int = 20,
    batch_size: int = 32,
    learning_rate: float = 1e-3,
    b_ratio: float = 1.0,
    loss: Loss = F.mse_loss,
    held_out: Data | None = None,
    seed: int = 0,
    progress: bool = False,
) -> TrainingHistory:
    """Train what is trainable in the model, on its own device, with AdamW, and tell how it went.

    x is (n, ...) and y what `loss(model(x), y)` takes; both are moved to the model's device batch by batch. Batches
    are shuffled by `seed`, and so is dropout; torch's global generators are left as they were. `b_ratio` is LoRA+'s:
    B learns at `b_ratio` times the rate of all else (Hayou et al. 2024, arXiv 2402.12354, section 4; 16 there, 1 is
    LoRA). `held_out` is another (x, y), looked at before training and after each epoch; `progress` shows a bar.

    Raises ValueError for n_epochs or batch_size < 1, for x and y of different lengths, and where nothing trains.
    """
    if n_epochs < 1 or batch_size < 1:
        raise ValueError(f"n_epochs = {n_epochs} and batch_size = {batch_size}, should both be at least 1")
    if len(x) != len(y) or not len(x):
        raise ValueError(f"x has {len(x)} samples and y {len(y)}, should be as many and at least 1")
    optimizer = torch.optim.AdamW(parameter_groups(model, learning_rate, b_ratio))
    history = TrainingHistory(
        trainable_params=sum(p.numel() for p in model.parameters() if p.requires_grad),
        layers={
            name: LayerHistory() for name, module in model.named_modules() if isinstance(module, LoRALayer)
        },
    )
    device = next(model.parameters()).device
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=cuda):
        torch.manual_seed(seed)
        history.loss_before = evaluate(model, x, y, loss)
        note(history, model, loss, held_out)
        for _ in epochs(n_epochs, progress):
            history.losses.append(train_epoch(model, x, y, optimizer, batch_size, loss))
            note(history, model, loss, held_out)
        history.loss_after = evaluate(model, x, y, loss)
    return history


def parameter_groups(model: nn.Module, learning_rate: float, b_ratio: float) -> list[dict[str, object]]:
    """Two groups of what trains: B at `b_ratio` times the rate, and the rest."""
    named = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not named:
        raise ValueError("nothing in the model has requires_grad: add adapters first")
    B = [p for name, p in named.items() if name.endswith("lora_B")]
    rest = [p for name, p in named.items() if not name.endswith("lora_B")]
    groups: list[dict[str, object]] = [
        {"params": rest, "lr": learning_rate},
        {"params": B, "lr": b_ratio * learning_rate},
    ]
    return [group for group in groups if group["params"]]


def train_epoch(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    optimizer: torch.optim.Optimizer,
    batch_size: int,
    loss: Loss = F.mse_loss,
) -> float:
    """Train once on each sample, in shuffled batches; return the mean of the samples' losses."""
    device = next(model.parameters()).device
    model.train()
    total = torch.zeros((), device=device)  # read once: waiting for a GPU after each batch would cost more
    for batch in torch.randperm(len(x)).split(batch_size):
        value = loss(model(x[batch].to(device)), y[batch].to(device))
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        total += value.detach() * len(batch)
    return float(total) / len(x)


@torch.no_grad()
def evaluate(model: nn.Module, x: Tensor, y: Tensor, loss: Loss = F.mse_loss, batch_size: int = 256) -> float:
    """The mean loss over samples in evaluation mode; the model's mode is left as it was."""
    device, training = next(model.parameters()).device, model.training
    model.eval()
    parts = zip(x.split(batch_size), y.split(batch_size), strict=True)
    total = sum(float(loss(model(a.to(device)), b.to(device))) * len(a) for a, b in parts)
    model.train(training)
    return total / len(x)


def note(history: TrainingHistory, model: nn.Module, loss: Loss, held_out: Data | None) -> None:
    """Add the adapters' norms and the held-out loss as they are now."""
    for name, layer in history.layers.items():
        adapter = model.get_submodule(name)
        assert isinstance(adapter, LoRALayer)
        layer.note(adapter)
    if held_out is not None:
        history.held_out_losses.append(evaluate(model, *held_out, loss))


def epochs(n_epochs: int, progress: bool) -> Iterable[int]:
    """The epochs to go through, with a bar on the terminal where asked for."""
    if not progress:
        return range(n_epochs)
    from lora_reference.rich_progress import tracked

    return tracked(n_epochs)
