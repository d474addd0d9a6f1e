"""The wrong reference of exercise 1: the contract's layer, and what can be different in it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

SCALES: dict[str, Callable[[float, int], float]] = {
    "alpha / rank": lambda alpha, rank: alpha / rank,
    "1": lambda alpha, rank: 1.0,
    "alpha": lambda alpha, rank: alpha,
    "1 / rank": lambda alpha, rank: 1 / rank,
    "rank / alpha": lambda alpha, rank: rank / alpha,
    "rank": lambda alpha, rank: rank,
    "alpha * rank": lambda alpha, rank: alpha * rank,
    "alpha / sqrt(rank)": lambda alpha, rank: alpha / math.sqrt(rank),
    "sqrt(alpha / rank)": lambda alpha, rank: math.sqrt(alpha / rank),
    "(alpha / rank)^2": lambda alpha, rank: (alpha / rank) ** 2,
    "alpha / rank^2": lambda alpha, rank: alpha / rank**2,
    "alpha // rank": lambda alpha, rank: alpha // rank,
    "round(alpha / rank)": lambda alpha, rank: round(alpha / rank),
}

# Whether the original weight and bias are trained, from the flag they came with and from train_bias.
FLAGS: dict[str, Callable[[bool, bool], bool]] = {
    "never": lambda came, asked: False,
    "always": lambda came, asked: True,
    "as it came": lambda came, asked: came,
    "asked": lambda came, asked: asked,
    "not asked": lambda came, asked: not asked,
    "asked or came": lambda came, asked: asked or came,
    "asked and came": lambda came, asked: asked and came,
    "came and not asked": lambda came, asked: came and not asked,
}

# Shapes of A and B as (rank, in, out) -> shapes, and whether each is turned round before it is used.
SHAPES: dict[str, Callable[[int, int, int], tuple[tuple[int, int], tuple[int, int]]]] = {
    "right": lambda r, i, o: ((r, i), (o, r)),
    "transposed": lambda r, i, o: ((i, r), (r, o)),
    "A transposed": lambda r, i, o: ((i, r), (o, r)),
    "B transposed": lambda r, i, o: ((r, i), (r, o)),
    "names": lambda r, i, o: ((o, r), (r, i)),
    "names transposed": lambda r, i, o: ((r, o), (i, r)),
    "features": lambda r, i, o: ((r, o), (i, r)),
}


class AnyError(Exception):
    """Stands for an exception of whatever type."""


@dataclass(frozen=True)
class Ways:
    """What a layer does; the defaults are what the contract asks for."""

    scale: str = "alpha / rank"
    scale_in_eval: str = ""  # empty: the same
    scaled: str = "path"  # or "sum", "base", "all but bias", "path and bias"
    base: str = "layer"  # or "bias" (no weight), "missing", "gone" (nor held by the layer)
    bias: str = "added"  # or "dropped", "gone", "twice", "copied", "copy unused", "zeroed"
    bias_when: str = "always"  # when the line above holds: "always", "trained", "frozen"
    bias_gained: str = ""  # "without bias", "under train_bias", "beside", "beside and trained"
    start_A: str = "random"  # or "zero", "constant"
    start_B: str = "zero"  # or "not zero"
    shapes: str = "right"
    held: str = "parameters"  # or "list", "tensors", "plain tensors", "buffers"
    held_so: str = "AB"  # the factors of which the line above holds
    biased: str = ""  # factors that are an `nn.Linear` with a bias
    cast: bool = False  # the factors are cast to x's dtype
    frozen: str = ""  # factors that do not require a gradient, "AB"
    shared: str = ""  # factors that all layers of a shape share, "AB"
    merged: str = (
        ""  # the update is computed at creation: "weight", "tensor", "graph" (a tensor that is not detached)
    )
    detached: frozenset[str] = field(
        default_factory=frozenset
    )  # "A", "B", "x", "path", "base", "weight", "bias"
    weight_trains: str = "never"
    bias_trains: str = "asked"
    flags_when: str = (
        ""  # "no bias": the weight's holds for layers without one; "before forward"; "by train()"
    )
    dropout: str = "input"  # where it acts, by the names of PLACES
    drops: str = "training"  # or "always", "evaluation", "batches", "until eval", "frozen bias"
    rate: str = "p"  # or "1 - p", "1 - p or 0"
    kept: str = "scaled"  # or "unscaled", "scaled in eval"
    crashes: str = ""  # step in which a layer without a bias raises: "creation", "forward"
    crashes_when: str = "always"  # or "trained", "frozen"


def holds(when: str, train_bias: bool) -> bool:
    """Whether something that happens `when` happens now."""
    return when == "always" or (when == "trained") == train_bias


class WrongLayer(nn.Module):
    """LoRALayerWithBias with its ways. `seen` are the values with which A and B started, where they are known."""

    lora_A: Tensor | nn.Linear
    lora_B: Tensor | nn.Linear

    def __init__(
        self, ways: Ways, seen: tuple[Any, Any], others: dict[Any, nn.Parameter], layer: nn.Linear,
        rank: int, alpha: float, dropout: float, train_bias: bool,
    ) -> None:  # fmt: skip
        super().__init__()
        self.ways, self.rank, self.alpha, self.p, self.train_bias = ways, rank, alpha, dropout, train_bias
        self.no_bias = layer.bias is None
        self.raise_without_bias("creation")
        self.weight = layer.weight
        self.bias: nn.Parameter | None = layer.bias
        self.had_eval = False
        self.make_factors(seen, others)
        self.delta = self.update() if ways.merged == "graph" else self.update().detach()
        if ways.merged == "weight":
            with torch.no_grad():
                self.weight += self.delta
        self.other_bias()
        if ways.base == "gone" or ways.bias == "gone":
            self.bias = None
        self.came = [p is not None and p.requires_grad for p in (self.weight, self.bias)]
        if ways.flags_when != "before forward":
            self.set_flags()

    def raise_without_bias(self, step: str) -> None:
        """The crash of a layer that asks for a bias which is not there."""
        if self.no_bias and self.ways.crashes == step and holds(self.ways.crashes_when, self.train_bias):
            raise AnyError

    def make_factors(self, seen: tuple[Any, Any], others: dict[Any, nn.Parameter]) -> None:
        """A and B, as they were seen to start if that is a start of the right kind."""
        d_out, d_in = self.weight.shape
        shapes = SHAPES[self.ways.shapes](self.rank, d_in, d_out)
        made = []
        for letter, shape, how, value in zip(
            "AB", shapes, (self.ways.start_A, self.ways.start_B), seen, strict=True
        ):
            start = begin(shape, how, value)
            factor = nn.Parameter(start, requires_grad=letter not in self.ways.frozen)
            key = (letter, shape)
            made.append(others.setdefault(key, factor) if letter in self.ways.shared else factor)
        for letter, factor in zip("AB", made, strict=True):
            name, held = f"lora_{letter}", self.ways.held if letter in self.ways.held_so else "parameters"
            if letter in self.ways.biased:
                # Its bias never counts: while B is 0 as it starts, and later the probe sets it to 0.
                linear = nn.Linear(factor.shape[1], factor.shape[0])
                linear.weight = factor
                setattr(self, name, linear)
            elif held == "parameters":
                self.register_parameter(name, factor)
            elif held == "buffers":
                self.register_buffer(name, factor.detach())
            elif held == "list":
                self.__dict__[name] = factor  # where nn.Module does not look
            else:
                setattr(self, name, factor.detach().requires_grad_(held == "tensors"))

    def other_bias(self) -> None:
        """Biases that take the place of the original one or stand beside it."""
        ways, now = self.ways, holds(self.ways.bias_when, self.train_bias)
        gained = {
            "": False,
            "without bias": self.no_bias,
            "under train_bias": self.no_bias and self.train_bias,
        }
        zeros = torch.zeros(len(self.weight))
        self.extra = None
        if self.bias is not None and ways.bias in COPIES and now:
            self.extra = nn.Parameter(self.bias.detach().clone(), requires_grad=self.train_bias)
        elif self.bias is not None and ways.bias == "zeroed" and now:
            self.bias = nn.Parameter(zeros)
        elif gained.get(ways.bias_gained, True):
            trains = ways.bias_gained in ("without bias", "beside and trained") or self.train_bias
            self.extra = nn.Parameter(zeros, requires_grad=trains)

    def set_flags(self) -> None:
        """Freeze or thaw the original weight and bias."""
        ways = self.ways
        trains = ways.weight_trains if self.no_bias or ways.flags_when != "no bias" else "never"
        self.weight.requires_grad_(FLAGS[trains](self.came[0], self.train_bias))
        copied = ways.bias in COPIES and self.extra is not None
        if self.bias is not None:
            self.bias.requires_grad_(FLAGS[ways.bias_trains](self.came[1], self.train_bias) and not copied)

    def train(self, mode: bool = True) -> WrongLayer:
        """The mode, and what wrong layers do with it."""
        self.had_eval = self.had_eval or not mode
        super().train(mode)
        if self.ways.flags_when == "by train()":
            self.requires_grad_(mode)
        return self

    def scale(self) -> float:
        """The factor of the update."""
        other = self.ways.scale_in_eval if not self.training else ""
        return SCALES[other or self.ways.scale](self.alpha, self.rank)

    def oriented(self) -> tuple[Tensor, Tensor]:
        """The two factors so that the path is h @ first.T @ second.T."""
        A, B = (item.weight if isinstance(item, nn.Linear) else item for item in (self.lora_A, self.lora_B))
        A = A.detach() if "A" in self.ways.detached else A
        B = B.detach() if "B" in self.ways.detached else B
        first, second = (B, A) if self.ways.shapes.startswith("names") else (A, B)
        turned = self.ways.shapes
        return (
            first.T if turned in ("transposed", "A transposed", "names transposed") else first,
            second.T if turned in ("transposed", "B transposed", "names transposed") else second,
        )

    def update(self) -> Tensor:
        """alpha / rank * B A as the factors are now; nothing where they cannot be multiplied."""
        first, second = self.oriented()
        if second.shape[1] != first.shape[0]:
            return torch.zeros(())
        return self.scale() * second @ first

    def drop(self, x: Tensor, where: str) -> Tensor:
        """Dropout, if this is a place for it."""
        ways = self.ways
        if where not in PLACES[ways.dropout]:
            return x
        active = {
            "training": self.training, "always": True, "evaluation": not self.training,
            "batches": self.training and x.dim() > 1, "until eval": self.training and not self.had_eval,
            "frozen bias": self.training and not self.train_bias,
        }[ways.drops]  # fmt: skip
        rate = {"p": self.p, "1 - p": 1 - self.p, "1 - p or 0": 1 - self.p if self.p else 0.0}[ways.rate]
        if ways.kept == "scaled":
            return F.dropout(x, rate, active)
        if not active:
            return x * (1 - rate) if ways.kept == "scaled in eval" else x
        return x * (torch.rand_like(x) >= rate)

    def forward(self, x: Tensor) -> Tensor:
        """y, with everything that is different."""
        self.raise_without_bias("forward")
        ways = self.ways
        if ways.flags_when == "before forward":
            self.set_flags()
        h = self.drop(x, "input")
        x = h if ways.dropout == "both" else self.drop(x, "base")
        scale, path = self.scale(), torch.zeros(())
        h = h.detach() if "x" in ways.detached else h
        if ways.merged in ("tensor", "graph"):
            scale, path = 1.0, h @ self.delta.T
        elif not ways.merged:
            first, second = (factor.to(h.dtype) if ways.cast else factor for factor in self.oriented())
            path = self.drop(self.drop(h @ first.T, "rank") @ second.T, "path output")
            path = path.detach() if "path" in ways.detached else path
        base, bias = torch.zeros(()), self.added_bias()
        if ways.base == "layer":
            base = x @ self.weight.T
            base = base.detach() if {"base", "weight"} & ways.detached else base
        if ways.base in ("missing", "gone"):
            bias = torch.zeros(())
        if "base" in ways.detached:
            bias = bias.detach()
        path = path * (1 if ways.scaled == "base" else scale)
        base = base * (scale if ways.scaled in ("sum", "base", "all but bias") else 1)
        bias = bias * (scale if ways.scaled in ("sum", "base", "path and bias") else 1)
        return self.drop(self.drop(base + bias, "base output") + path, "output")

    def added_bias(self) -> Tensor:
        """What is added as a bias."""
        now = holds(self.ways.bias_when, self.train_bias)
        total = torch.zeros(())
        if self.bias is not None and not (self.ways.bias == "dropped" and now):
            bias = self.bias.detach() if "bias" in self.ways.detached else self.bias
            total = bias * 2 if self.ways.bias == "twice" and now else bias
        return total if self.extra is None or self.ways.bias == "copy unused" else total + self.extra


COPIES = ("copied", "copy unused")
PLACES = {
    "input": ("input",), "nowhere": (), "both": ("input",), "base": ("base",), "apart": ("input", "base"),
    "rank": ("rank",), "path output": ("path output",), "output": ("output",), "base output": ("base output",),
}  # fmt: skip


def begin(shape: tuple[int, int], how: str, value: Any) -> Tensor:
    """A factor at creation: zeros, or the value that was seen if it is random (or constant) as it should be."""
    if how == "zero":
        return torch.zeros(shape)
    if isinstance(value, Tensor) and value.shape == shape and value.dtype == torch.float32:
        differ = bool((value != value.flatten()[0]).any())
        random = differ or value.numel() == 1
        if (
            bool(value.any())
            and bool(torch.isfinite(value).all())
            and {"random": random, "constant": not random, "not zero": True}[how]
        ):
            return value.clone()
    return torch.ones(shape) if how == "constant" else torch.rand(shape) + 0.5
