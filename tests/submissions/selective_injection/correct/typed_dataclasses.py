# typing-heavy: dataclasses with postponed annotations, a dict subclass as result, PEP 604 types, generators
from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Final

import torch
from torch import Tensor, nn

from lab import SimpleTransformerBlock, generate_synthetic_data

ATTENTION: Final[tuple[str, ...]] = ("q_proj", "k_proj", "v_proj", "o_proj")


class Comparison(OrderedDict[str, dict]):
    def best(self) -> str:
        return min(self, key=lambda key: self[key]["final_loss"])


@dataclass
class Entry:
    target_modules: list[str]
    trainable_params: int = 0
    losses: list[float] = field(default_factory=list)
    final_loss: float = float("nan")


@dataclass(frozen=True, kw_only=True)
class Setting:
    rank: int = 8
    alpha: float = 16
    seed: int = 2718
    samples: int = 128
    batch_size: int = 64
    learning_rate: float = 2e-3


class LowRank(nn.Module):
    def __init__(self, base: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.base = base
        self.lora_A = nn.Parameter(base.weight.new_empty((rank, base.in_features)))
        self.lora_B = nn.Parameter(base.weight.new_zeros((base.out_features, rank)))
        self.scaling: float = alpha / rank
        nn.init.kaiming_uniform_(self.lora_A, a=5**0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.base(x) + self.scaling * (x @ self.lora_A.T @ self.lora_B.T)


def _targeted(model: nn.Module, targets: Sequence[str]) -> Iterator[tuple[nn.Module, str, nn.Linear]]:
    for dotted, module in model.named_modules():
        match module:
            case nn.Linear() if any(dotted == t or dotted.endswith(f".{t}") for t in targets):
                *owners, attribute = dotted.split(".")
                yield functools.reduce(getattr, owners, model), attribute, module


def add_lora_to_model_selective(
    model: nn.Module, rank: int = 8, alpha: float = 16, target_modules: list[str] | None = None
) -> nn.Module:
    targets = ATTENTION if target_modules is None else target_modules
    model.requires_grad_(False)
    for owner, attribute, linear in list(_targeted(model, targets)):
        setattr(owner, attribute, LowRank(linear, rank, alpha))
    return model


def _epoch(block: nn.Module, optimizer: torch.optim.Optimizer, x: Tensor, y: Tensor, order: Tensor, size: int) -> float:
    squared = 0.0
    for rows in order.split(size):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(block(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        squared += loss.item() * rows.numel()
    return squared / order.numel()


def _entry(targets: list[str], n_epochs: int, s: Setting) -> Entry:
    torch.manual_seed(s.seed)
    block = SimpleTransformerBlock()
    x, y = generate_synthetic_data(s.samples)
    orders = [torch.randperm(s.samples) for _ in range(n_epochs)]
    add_lora_to_model_selective(block, s.rank, s.alpha, targets)
    adapters = [p for p in block.parameters() if p.requires_grad]
    optimizer = torch.optim.Adam(adapters, lr=s.learning_rate)
    losses = [_epoch(block, optimizer, x, y, order, s.batch_size) for order in orders]
    return Entry(targets, sum(p.numel() for p in adapters), losses, losses[-1])


def compare_target_modules(target_configs: list[list[str]], n_epochs: int = 50) -> Comparison:
    setting = Setting()
    return Comparison(("+".join(targets), asdict(_entry(targets, n_epochs, setting))) for targets in target_configs)
