"""Watches the lab's given code while a comparison runs: which data were made, which blocks ran, with which factors."""

from __future__ import annotations

import ctypes
import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

_FILL, _M_PERTURB = int(os.environ.get("MALLOC_PERTURB_", "0")), -6  # of glibc's malloc.h
_mallopt: Any = None
with suppress(AttributeError, TypeError):  # where there is no glibc
    _mallopt = ctypes.CDLL(None).mallopt


def is_factor(name: str) -> str:
    """`A` or `B` for the parameters that the contract calls factors: by the end of their names."""
    end = name.removesuffix(".weight")[-6:]
    return end[-1] if end in ("lora_A", "lora_B") else ""


def watch(lab: Any) -> Record:
    """Let the given code note what happens to it, from before the submission is loaded."""
    record = Record()
    block, make_data = lab.SimpleTransformerBlock, lab.generate_synthetic_data
    forward, attention = block.forward, getattr(block, "attention", None)

    @wraps(forward)
    def noted_forward(self: nn.Module, x: Tensor) -> Any:
        record.forward(self, x)
        with record.inside():
            return forward(self, x)

    def noted_attention(self: nn.Module, x: Tensor) -> Any:
        record.part(self)
        return None if attention is None else attention(self, x)

    @wraps(make_data)
    def noted_data(*args: Any, **kwargs: Any) -> Any:
        x, y = make_data(*args, **kwargs)
        record.data(x, y)
        return x, y

    block.forward = noted_forward
    if attention is not None:
        block.attention = noted_attention
    lab.generate_synthetic_data = noted_data
    return record


class Record:
    """What the given code saw: data that were made, and the blocks that ran with factors during a call."""

    def __init__(self) -> None:
        self.made: dict[bytes, str] = {}  # start of a sample -> the data that it is of
        self.models: dict[tuple[int, tuple[str, ...]], dict[str, Any]] = {}
        self.active = False
        self.looked_at: nn.Module | None = None
        self.looking = threading.RLock()  # blocks may be trained in threads
        self.within = threading.local()  # whether this thread is inside a block's forward

    def data(self, x: Tensor, y: Tensor) -> None:
        """Note data that were made."""
        name = mark(x) + mark(y)
        self.made.update(dict.fromkeys(samples(x), name))

    def forward(self, model: nn.Module, x: Tensor) -> None:
        """Note a run of a block, unless something about it cannot be noted."""
        if self.active and model is not self.looked_at:
            with self.looking, suppress(Exception), torch._C._DisableFuncTorch():
                self.note(model, plain(x))

    def part(self, model: nn.Module) -> None:
        """Note a run of a block's attention, where that is not part of its forward: the data are not known then."""
        if not getattr(self.within, "forward", False):
            self.forward(model, torch.zeros(()))

    @contextmanager
    def inside(self) -> Iterator[None]:
        """In a block's forward. Memory is not filled there while a comparison trains: that takes a tenth of its time."""
        before, self.within.forward = getattr(self.within, "forward", False), True
        fill_memory(0 if self.active else _FILL)
        try:
            yield
        finally:
            self.within.forward = before
            fill_memory(_FILL)

    def note(self, model: nn.Module, x: Tensor) -> None:
        """What a block with factors computes without them at its first run, its factors and its data."""
        factors = factors_of(model)
        if not factors:
            return
        key = (id(model), tuple(factors))
        if key not in self.models:
            self.models[key] = {
                "model": model,
                "first": marks(factors),
                "data": [],
                "samples": set(),
                "grad": False,
                "runs": 0,
                **self.about(model),
            }
        known = self.models[key]
        known["last"] = marks(factors)
        known["grad"] |= torch.is_grad_enabled()
        known["runs"] += 1
        if torch.is_grad_enabled() and x.dim() == 3:
            starts = samples(x)
            known["samples"].update(starts)
            names = {self.made[sample] for sample in starts if sample in self.made}
            known["data"] += sorted(names - set(known["data"]))

    def about(self, model: nn.Module) -> dict[str, Any]:
        """A block's sizes, what it computes without its factors, and how much of them its layers add."""
        parameters = dict(model.named_parameters())
        return {
            "block": [model.d_model, model.n_heads],
            "sizes": sorted(p.numel() for name, p in parameters.items() if is_factor(name)),
            "trainable": sum(p.numel() for p in parameters.values() if p.requires_grad),
            "alphas": self.alphas(model),
            "fresh": all(not plain(p).any() for name, p in parameters.items() if is_factor(name) == "B"),
            "start": self.without_factors(model),
        }

    def without_factors(self, model: nn.Module) -> Tensor:
        """What a block computes of a fixed input in evaluation with all its factors 0; it stays as it is."""
        x = torch.randn(2, 4, int(model.d_model), generator=torch.Generator().manual_seed(1))  # type: ignore[arg-type]
        with self.looking_at(model):
            tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
            if any(is_wrapped(tensor) for tensor in tensors.values()):
                own = {n: 0 * plain(t) if is_factor(n) else plain(t) for n, t in tensors.items()}
                y: Tensor = torch.func.functional_call(model, own, (x,))
            else:
                with all_set(factors_of(model), 0.0):
                    y = type(model).forward(model, x.to(next(model.parameters()).dtype))
            return y.to(torch.float32).clone()

    def alphas(self, model: nn.Module) -> dict[str, float] | None:
        """For each layer with factors, its alpha: with all entries c, or all -c, (alpha / rank) B A has entries alpha c^2.

        The mean of both is free of what a bias in a factor adds. Each input counts in one of 16 rows.
        """
        factors = factors_of(model)
        if any(is_wrapped(tensor) for tensor in model.parameters()):
            return None
        found, dtype, c = {}, next(iter(factors.values())).dtype, 0.125
        with suppress(Exception), self.looking_at(model):
            for name in {factor.split(".")[0] for factor in factors}:
                layer, d = model.get_submodule(name), int(model.d_model)  # type: ignore[arg-type]
                inputs = torch.arange(2 * d if name == "down_proj" else d)
                x = (inputs % 16 == torch.arange(16)[:, None]).to(dtype)[None]
                with all_set(factors, 0.0):
                    y0 = layer(x)
                with all_set(factors, c):
                    y1 = layer(x)
                with all_set(factors, -c):
                    y1 = (y1 + layer(x)) / 2
                found[name] = float((y1 - y0).mean()) / c**2 / (len(inputs) / 16)
        return found

    @contextmanager
    def looking_at(self, model: nn.Module) -> Iterator[None]:
        """Nothing is noted, the model evaluates; afterwards it is as before."""
        with self.looking, evaluating(model), torch.no_grad():
            self.looked_at = model
            try:
                yield
            finally:
                self.looked_at = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Note the blocks that run from here on, and no others."""
        self.models, self.active = {}, True
        try:
            yield
        finally:
            self.active = False

    def summary(self) -> list[dict[str, Any]]:
        """For each block that ran with factors: what was noted, and what it computes without its factors now."""
        objects = list(dict.fromkeys(id(known["model"]) for known in self.models.values()))
        return [
            {**{key: item for key, item in known.items() if key != "model"}, "object": objects.index(id(known["model"])),
             "samples": hashlib.sha256(b"".join(sorted(known["samples"]))).hexdigest()[:16], "end": self.without_factors(known["model"]), "now": marks(factors_of(known["model"]))}
            for known in self.models.values()
        ]  # fmt: skip


def fill_memory(value: int) -> None:
    """What memory that nobody filled holds from now on, as `MALLOC_PERTURB_` says it; 0: whatever it held."""
    if _FILL and _mallopt:
        _mallopt(_M_PERTURB, value)


def factors_of(model: nn.Module) -> dict[str, Tensor]:
    """The factors by name."""
    return {name: p for name, p in model.named_parameters() if is_factor(name)}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation; afterwards its modes and cached weights are as before. (It draws nothing then.)"""
    training = {part: part.training for part in model.modules()}
    cached, parametrize._cache_enabled = parametrize._cache_enabled, 0
    try:
        for part in training:
            part.training = False
        yield
    finally:
        for part, flag in training.items():
            part.training = flag
        parametrize._cache_enabled = cached


@contextmanager
def all_set(tensors: dict[str, Tensor], value: float) -> Iterator[None]:
    """The tensors hold one value for a while; autograd, which may need them later, does not notice (`data`)."""
    values = {name: tensor.data.clone() for name, tensor in tensors.items()}
    try:
        for tensor in tensors.values():
            tensor.data.fill_(value)
        yield
    finally:
        for name, tensor in tensors.items():
            tensor.data.copy_(values[name])


def plain(tensor: Tensor) -> Tensor:
    """The tensor itself, without the wrappers of `torch.func` and without a graph."""
    while is_wrapped(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return tensor.detach()


def is_wrapped(tensor: Tensor) -> bool:
    """Whether `torch.func` looks at a tensor."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def mark(tensor: Tensor) -> str:
    """A short fingerprint of a tensor's values."""
    values = plain(tensor).to(torch.float32).contiguous().numpy()
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


def marks(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Their fingerprints."""
    return {name: mark(tensor) for name, tensor in tensors.items()}


def samples(x: Tensor) -> list[bytes]:
    """The start of each sample, which tells it from all others."""
    start = x.detach()[:, :1, :16].to(torch.float32).contiguous().numpy()
    return [sample.tobytes() for sample in start]
