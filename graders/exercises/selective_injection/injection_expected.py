"""What the contract says of an injection, beside what was seen of it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, NotSeen, Seen
from graders.exercises.selective_injection.models import DEFAULT_TARGETS, leaves


def rank_of(case: Case) -> int:
    """The rank that the call uses."""
    return 8 if case["call"] in ("defaults", "without rank") else int(case["rank"])


def targets_of(case: Case) -> list[str]:
    """The targets that the call stands for."""
    targets: list[str] = DEFAULT_TARGETS if case["targets"] is None else case["targets"]
    return targets


def alpha_of(case: Case) -> float:
    """The alpha that the call uses."""
    return 16 if case["call"] in ("defaults", "without alpha") else case["alpha"]


class Expected:
    """What the contract says of one case, beside what was seen."""

    def __init__(
        self, case: Case, specs: list[dict[str, Any]] | None, inputs: list[Tensor], seen: Seen
    ) -> None:
        self.case, self.specs, self.inputs = case, specs, inputs
        targets = targets_of(case)
        before = seen["modules before"]
        self.linears = [name for name, (_, linear) in before.items() if linear]
        self.wrapped = [name for name in self.linears if name.rpartition(".")[2] in targets]
        self.places = {name: number for name, (number, _) in before.items()}

    def found(self, seen: Seen) -> dict[str, dict[str, str]]:
        """Layer name -> {"A": parameter name, "B": parameter name} of the factors that were seen."""
        layers: dict[str, dict[str, str]] = {}
        for name, entry in parameters(seen).items():
            if entry[2] in ("A", "B"):
                owner = owner_of(name, list(self.places))
                layers.setdefault(owner, {})[entry[2]] = name
        return layers

    def is_other_kind(self, name: str) -> bool:
        """Whether a module is neither a Linear layer nor holds others; that they stay is `only_linear`'s."""
        kinds = {spec["name"]: spec["kind"] for spec in self.specs or []}
        return kinds.get(name, "container") not in ("linear", "container")

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Linear layer's name -> in, out. The block's MLP is twice as wide as the block."""
        if self.specs is None:
            d = 16
            wide = {"gate_proj": (d, 2 * d), "up_proj": (d, 2 * d), "down_proj": (2 * d, d)}
            return {name: wide.get(name, (d, d)) for name in self.linears}
        return {spec["name"]: (spec["in"], spec["out"]) for spec in self.specs if spec["kind"] == "linear"}

    def outputs(self, factors: dict[str, tuple[Tensor, Tensor]], rank: int = 0) -> tuple[Tensor, Tensor]:
        """The model's output with these factors by layer, joined as the model joins it, and its bound; float64."""
        assert self.specs is not None
        parts, bounds = [], []
        scale = alpha_of(self.case) / (rank or rank_of(self.case))
        for spec, x in zip(
            [spec for spec in self.specs if spec["kind"] == "linear"], self.linear_inputs(), strict=True
        ):
            W, x = spec["weight"], x.to(torch.float64)
            b = spec.get("has_bias", torch.zeros(spec["out"], dtype=torch.float64))
            y, size = x @ W.T + b, x.abs() @ W.abs().T + b.abs()
            if spec["name"] in factors:
                A, B = (factor.to(torch.float64) for factor in factors[spec["name"]])
                y, size = y + scale * x @ A.T @ B.T, size + scale * x.abs() @ A.abs().T @ B.abs().T
            parts.append(y.flatten())
            bounds.append((2.0**-23 * (spec["in"] + rank_of(self.case) + 4) + 2.0**-23) * size.flatten())
        return torch.cat(parts), torch.cat(bounds)

    def linear_inputs(self) -> list[Tensor]:
        """The inputs of the Linear layers."""
        assert self.specs is not None
        pairs = zip(leaves(self.specs), self.inputs, strict=True)
        return [x for spec, x in pairs if spec["kind"] == "linear"]

    def linear_part(self, y: Any) -> Tensor:
        """The Linear layers' share of the model's output. Raises NotSeen where the output has another length."""
        assert self.specs is not None
        sizes = [
            3 * spec["out"]
            if spec["kind"] == "linear"
            else 6 * spec["in"]
            if spec["kind"] == "conv"
            else 3 * spec["in"]
            for spec in leaves(self.specs)
        ]
        if not isinstance(y, Tensor) or y.numel() != sum(sizes):
            raise NotSeen("y")
        parts = torch.split(y.flatten().to(torch.float64), sizes)
        pairs = zip(leaves(self.specs), parts, strict=True)
        return torch.cat([part for spec, part in pairs if spec["kind"] == "linear"])


def parameters(seen: Seen) -> dict[str, list[Any]]:
    """Name -> [shape, requires_grad, letter] of the model's parameters after injection."""
    entries = seen["parameters"]
    if not isinstance(entries, dict):
        raise NotSeen("parameters")
    return {name: entry for name, entry in entries.items() if isinstance(entry, list) and len(entry) == 3}


def owner_of(parameter: str, modules: list[str]) -> str:
    """The longest original module name that a parameter lies below."""
    return max((name for name in modules if name and parameter.startswith(f"{name}.")), key=len, default="")


def tensors(seen: Seen, name: str) -> dict[str, Tensor]:
    """A dict of tensors."""
    found = seen[name]
    if not isinstance(found, dict) or not all(isinstance(item, Tensor) for item in found.values()):
        raise NotSeen(name)
    return found
