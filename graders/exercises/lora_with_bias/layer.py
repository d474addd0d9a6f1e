"""Exercise 1: a LoRA layer that can train the bias of the layer it wraps.

The output is taken apart: what it is with B = 0 (the base path), whether the rest is a multiple of x A^T B^T
(the low-rank path), and the factor itself (the scaling). The other claims are held against the student's own base
path and scaling (`own`), so that one wrong idea costs one claim.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    Case,
    Exercise,
    Experiment,
    Failure,
    NotApplicable,
    NotSeen,
    Seen,
    Violation,
)

exercise = Exercise("lora_with_bias", "LoRA with a trainable bias", ("LoRALayerWithBias",), order=1)
Verdict = Violation | NotApplicable | None
ALPHA_ROUNDING = 2.0**-23  # the number alpha / rank may be held in float32
DEFAULTS = {"rank": 4, "alpha": 1.0, "dropout": 0.0, "train_bias": False}
CALL_WORDS = {"keywords": "by name", "positional": "by position", "defaults": "with the default values"}
# What the probe notes: in any case; where the factors are tensors; then; and where the output has the right shape.
AT_CREATION = frozenset({"lora_A kind", "lora_B kind", "trainable", "first eval", "first train"})
FACTORS = frozenset({"lora_A stored", "lora_B stored", "lora_A", "lora_B"})
RUN = frozenset({"dtypes", "devices", "y base", "rows base", "zero base", "rows", "y", "y again", "x after"})
TRAINED = frozenset({
    "lora_A grad", "lora_B grad", "x grad", "bias grads", "A trained", "B trained", "trained", "y trained", "y other A",
    "y other B", "y base trained",
})  # fmt: skip
FORMULA = "y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T"


def named(case: Case) -> dict[str, Any]:
    """The layer's arguments, given or by default."""
    return dict(DEFAULTS) if case["call"] == "defaults" else {name: case[name] for name in DEFAULTS}


class Layer(Experiment):
    """One layer from creation to a step of training."""

    id, probe = "layer", "layer"
    space = {
        "in_features": (1, 2, 3, 4, 5, 8),
        "out_features": (1, 2, 3, 4, 6, 7),
        "rank": (1, 2, 3, 4, 8, 12, 64),
        "alpha": (1.0, 2.0, 1, 16, 0.5, 3.0, 0.1, 32),
        "batch": ([1], [2], [3], [2, 3], [5], [], [2, 1, 2], [0], [2, 0]),
        "bias": (True, True, False),
        "train_bias": (False, True),
        "mode": ("eval", "train"),
        "dropout": (0.0, 0.0, 0.5),
        "dtype": ("float32", "float64", "float64"),
        "contents": claims.KINDS,
        "B": ("values", "values", "values", "values", "zero"),
        "b": ("values", "values", "values", "zero"),
        "x_grad": (True, True, True, False),
        "frozen": ([], ["weight", "bias"], ["weight"], ["bias"]),
        "call": ("keywords", "positional"),
    }
    base = {
        "in_features": 4,
        "out_features": 3,
        "rank": 2,
        "alpha": 16,
        "batch": [5],
        "bias": True,
        "train_bias": False,
        "mode": "eval",
        "dropout": 0.0,
        "dtype": "float32",
        "contents": "normal",
        "B": "values",
        "b": "values",
        "x_grad": True,
        "frozen": [],
        "call": "keywords",
    }
    cover = (
        {"train_bias": True},
        {"dtype": "float64"},
        {"dtype": "float64", "train_bias": True, "contents": "wide"},
        {"in_features": 3, "out_features": 5, "rank": 4, "mode": "train"},
        {"rank": 3, "alpha": 16, "dtype": "float64"},
        {"rank": 1, "alpha": 0.5, "train_bias": True, "mode": "train"},
        {"rank": 8, "alpha": 1.0, "in_features": 3, "out_features": 2},
        {"in_features": 4, "out_features": 4, "contents": "wide"},
        {"in_features": 1, "out_features": 1, "rank": 1, "alpha": 2.0},
        {"in_features": 8, "out_features": 2, "rank": 4, "alpha": 0.1, "call": "positional"},
        {"bias": False},
        {"bias": False, "train_bias": True},
        {"bias": False, "train_bias": True, "dtype": "float64", "mode": "train"},
        {"batch": [2, 3]},
        {"batch": []},
        {"batch": [2, 1, 2]},
        {"batch": [0]},
        {"batch": [2, 2, 1, 3], "dtype": "float64"},
        {"x_grad": False, "train_bias": True},
        {"x_grad": False, "rank": 3, "dtype": "float64", "mode": "train"},
        {"B": "zero"},
        {"B": "zero", "mode": "train", "train_bias": True, "in_features": 3, "rank": 3},
        {"dropout": 0.5},
        {"dropout": 0.9, "rank": 3, "alpha": 32, "dtype": "float64"},
        {"dropout": 0.5, "train_bias": True, "mode": "train"},
        {"frozen": ["weight", "bias"], "train_bias": True},
        {"frozen": ["weight", "bias"]},
        {"frozen": ["weight"], "train_bias": True, "dtype": "float64"},
        {"call": "defaults"},
        {"call": "defaults", "mode": "train"},
        {"call": "defaults", "in_features": 8, "out_features": 7, "dtype": "float64"},
        {"call": "positional", "train_bias": True, "rank": 3, "alpha": 2.0},
        {"in_features": 8, "out_features": 6, "rank": 12, "alpha": 3.0, "dtype": "float64"},
        {"in_features": 8, "out_features": 7, "rank": 32},
        {"in_features": 8, "rank": 64, "alpha": 32, "train_bias": True},
        {"b": "zero", "train_bias": True},
        {"b": "zero", "dtype": "float64"},
        {"in_features": 3, "out_features": 2, "batch": [1500]},
        {"batch": [], "x_grad": False},
        {"batch": [], "train_bias": True},
    )  # fmt: skip

    def tensors(self, case: Case) -> dict[str, Any]:
        """Weights, factors, input and upstream gradient, float64, with values that float32 holds."""
        d_in, d_out, rank = case["in_features"], case["out_features"], named(case)["rank"]
        kind, seed = case["contents"], case["seed"]
        spread = 20 if case["dtype"] == "float64" else 6
        B = claims.contents(kind, [d_out, rank], seed, 3, spread)
        return {
            "W": claims.contents(kind, [d_out, d_in], seed, 0, spread),
            "b": self.bias(case, spread) if case["bias"] else None,
            "A": claims.contents(kind, [rank, d_in], seed, 2, spread),
            "B": torch.zeros_like(B) if case["B"] == "zero" else B,
            "B at first": B,  # by which the student's own scaling is measured
            "x": claims.contents(kind, [*case["batch"], d_in], seed, 4, spread),
            "g": claims.contents(kind, [*case["batch"], d_out], seed, 5, 4),
        }

    def bias(self, case: Case, spread: int) -> Tensor:
        """The original bias."""
        values = claims.contents(case["contents"], [case["out_features"]], case["seed"], 1, spread) * 2
        return torch.zeros_like(values) if case["b"] == "zero" else values

    def arguments(self, case: Case) -> dict[str, Any]:
        use = named(case)
        return {
            **self.tensors(case), "named": use, "call": case["call"], "frozen": case["frozen"], "mode": mode(case),
            "dtype": case["dtype"], "device": case.get("device", "cpu"), "x_grad": case["x_grad"],
            "lr": 0.0078125,
        }  # fmt: skip

    def unsaid(self, case: Case, seen: Seen) -> bool:
        noted = seen.values.keys()
        if "returned" in noted:
            return False
        if not noted >= AT_CREATION or not noted >= FACTORS:
            kinds = {seen.values.get("lora_A kind"), seen.values.get("lora_B kind")}
            return not noted >= AT_CREATION or kinds <= {"Parameter", "Linear"}
        y, shape = seen.values.get("y"), (*case["batch"], case["out_features"])
        whole = isinstance(y, Tensor) and y.shape == shape
        return not (RUN | TRAINED if whole else RUN) <= noted

    def oracle(self, case: Case, seen: Seen) -> Formula:
        return Formula(case, self.tensors(case))

    def blame(self, case: Case, failure: Failure) -> str:
        if case["dtype"] == "float64" and failure.step.startswith((".to(", "forward")):
            return "follows_to"
        if not case["bias"]:
            return "no_bias"
        if failure.step == "creation":
            return "defaults" if case["call"] != "keywords" else "factors"
        if failure.step.startswith(".to("):
            return "follows_to"
        if failure.step == "copying values into the factors":
            return "factor_shapes"
        if failure.step in ("backward", "an optimizer step"):
            return "gradients"
        if unusual_batch(case):
            return "any_batch"
        if failure.step == "forward after an optimizer step":
            return "present_values"
        if failure.step == "the first forward pass":
            return "starts_as_original"
        return "low_rank_path"

    def describe(self, case: Case) -> dict[str, Any]:
        tensors = self.tensors(case)
        shown: dict[str, Any] = {
            "layer": f"nn.Linear({case['in_features']}, {case['out_features']}, bias={case['bias']})"
        }
        shown |= {} if case["call"] == "defaults" else named(case)
        names = {"weight": "W", "bias": "b", "lora_A": "A", "lora_B": "B", "x": "x"}
        dtype = getattr(torch, case["dtype"])
        for name, letter in names.items():
            tensor = tensors[letter]
            shown[name] = None if tensor is None else tensor.to(dtype)
        shown["mode with these factors"] = mode(case)
        shown["x requires grad"] = None if case["x_grad"] else "no; called with x and 2 x before backward"
        return {name: value for name, value in shown.items() if value is not None}

    def traits(self, case: Case) -> dict[str, Any]:
        use = named(case)
        return {
            "in_features": case["in_features"], "out_features": case["out_features"], "rank": use["rank"], "alpha": use["alpha"],
            "alpha / rank": use["alpha"] / use["rank"], "dropout": use["dropout"], "train_bias": use["train_bias"],
            "bias": case["bias"], "mode": mode(case), "dtype": case["dtype"], "dimensions of x": len(case["batch"]) + 1, "values of B": case["B"], "values of the bias": case["b"] if case["bias"] else "none", "x requires grad": case["x_grad"],
            "values": claims.KIND_WORDS[case["contents"]], "parameters frozen before": case["frozen"] or "none",
            "call": CALL_WORDS[case["call"]],
        }  # fmt: skip


def mode(case: Case) -> str:
    """Training mode only where dropout leaves the formula exact."""
    return "eval" if named(case)["dropout"] else str(case["mode"])


def unusual_batch(case: Case) -> bool:
    """Another input than two-dimensional, or an empty one."""
    return len(case["batch"]) != 1 or 0 in case["batch"]


class Formula:
    """weight x W^T + bias b + scale x A^T B^T for one case, in float64, with the bound on rounding of each result.

    The contract's formula has weight and bias 1 and scale alpha / rank; a student's own may have others.
    """

    def __init__(self, case: Case, tensors: dict[str, Any]) -> None:
        use = named(case)
        self.case, self.scale = case, float(use["alpha"]) / use["rank"]
        self.weight, self.bias, self.slack = 1.0, 1.0, 1.0
        self.scale_error = ALPHA_ROUNDING  # relative
        self.own: Formula | NotSeen | None = None  # what `own` found
        self.tensors = tensors
        self.W, self.b, self.A, self.B, self.x, self.g = (
            tensors[name] for name in ("W", "b", "A", "B", "x", "g")
        )
        self.terms = case["in_features"] + use["rank"] + 4

    def base(self, x: Tensor | None = None, b: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The base path, and the same on absolute values."""
        x = self.x if x is None else x
        bias = self.b if b is None else b
        y, size = x @ self.W.T, x.abs() @ self.W.abs().T  # (..., out)
        y, size = self.weight * y, abs(self.weight) * size
        return (y, size) if bias is None else (y + self.bias * bias, size + abs(self.bias) * bias.abs())

    def path(
        self, A: Tensor | None = None, B: Tensor | None = None, x: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """x A^T B^T without the scaling, and the same on absolute values."""
        A, B, x = self.A if A is None else A, self.B if B is None else B, self.x if x is None else x
        return x @ A.T @ B.T, x.abs() @ A.abs().T @ B.abs().T  # (..., out)

    def bound(self, size: Tensor, lora: Tensor | None = None, unit: float = 2.0**-24) -> Tensor:
        """Elementwise bound: 2 u (in + rank + 4) M, and the scale's relative error (2^-23) of the LoRA term's M."""
        total: Tensor = self.slack * 2 * unit * self.terms * size + 1e-300
        return total if lora is None else total + self.scale_error * lora

    def output(
        self,
        A: Tensor | None = None,
        B: Tensor | None = None,
        b: Tensor | None = None,
        x: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """y, M and the LoRA term's M."""
        (y, size), (low, low_size), scale = self.base(x, b), self.path(A, B, x), abs(self.scale)
        return y + self.scale * low, size + scale * low_size, scale * low_size

    def gradients(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Gradients of sum(g * y), and their M; of sum(g * (y(x) + y(2 x))) where x needs none."""
        s, w, rows = self.scale, self.weight, math.prod(self.case["batch"])
        x, g = self.x.reshape(rows, -1), self.g.reshape(rows, -1)
        times, calls = (1, 1) if self.case["x_grad"] else (3, 2)
        X, G, A, B, W = x.abs(), g.abs(), self.A.abs(), self.B.abs(), self.W.abs()
        S, dx = abs(s), w * g @ self.W + s * g @ self.B @ self.A
        return {
            "lora_A": (times * s * (g @ self.B).T @ x, times * S * (G @ B).T @ X),
            "lora_B": (times * s * g.T @ (x @ self.A.T), times * S * G.T @ (X @ A.T)),
            "x": (dx.reshape(self.x.shape), (abs(w) * G @ W + S * G @ B @ A).reshape(self.x.shape)),
            "bias": (calls * self.bias * g.sum(0), calls * abs(self.bias) * G.sum(0)),
        }


class LayerOnCuda(Layer):
    """The same on a GPU; only where the box has one."""

    id, draws, devices = "layer_on_cuda", 0.5, ("cuda",)
    cpu_seconds = 30.0  # the first time the driver wakes
    base = {**Layer.base, "device": "cuda"}


layer = Layer()
layer_on_cuda = LayerOnCuda()


def shaped(seen: Seen, name: str, want: Formula) -> Tensor:
    """An output of the right shape. Raises NotSeen for others: they are `any_batch`'s and `low_rank_path`'s."""
    value = seen[name]
    if not isinstance(value, Tensor) or not value.is_floating_point() or value.shape != want.g.shape:
        raise NotSeen(name)
    return value.to(torch.float64)


def values_of(seen: Seen, name: str) -> list[Tensor]:
    """A list of tensors, as float64."""
    items = seen[name]
    if not isinstance(items, list):
        raise NotSeen(name)
    return [item.to(torch.float64) for item in items if isinstance(item, Tensor)]


def has_factors(seen: Seen, want: Formula) -> bool:
    """Whether both factors are tensors of the right shape."""
    return all(
        isinstance(seen.values.get(name), Tensor) and seen[name].shape == like.shape
        for name, like in (("lora_A", want.A), ("lora_B", want.B))
    )


def take(pool: list[Tensor], like: Tensor) -> bool:
    """Take one tensor equal to `like` out of the pool."""
    for number, item in enumerate(pool):
        if item.shape == like.shape and torch.equal(item, like.to(torch.float64)):
            pool.pop(number)
            return True
    return False


def share(seen: Seen, want: Formula) -> Tensor:
    """The adapter's share of y: y - y(B = 0)."""
    difference = shaped(seen, "y", want) - shaped(seen, "y base", want)
    if not bool(torch.isfinite(difference).all()):
        raise NotSeen("finite y")
    return difference


def multiple_of(values: Tensor, like: Tensor, size: Tensor) -> float:
    """The number c for which `values` is nearest to c x `like`, where each may be off in proportion to `size`."""
    weight = torch.where(size > 0, size, 1.0) ** -2
    square = float((weight * like * like).sum())
    return float((weight * values * like).sum()) / square if square else 0.0


OWN_SLACK = 16.0  # a student's own coefficients are measured, with rounding errors of their own


def own(seen: Seen, want: Formula) -> Formula:
    """The formula with the student's own coefficients, as two-dimensional input shows them; the contract's where they fit.

    Raises NotSeen where the output has no such form. It is looked for once in a case.
    """
    if want.own is None:
        try:
            want.own = _measured(seen, want)
        except NotSeen as why:
            want.own = why
    if isinstance(want.own, NotSeen):
        raise want.own
    return want.own


def _measured(seen: Seen, want: Formula) -> Formula:
    x = want.x.reshape(-1, want.x.shape[-1])
    rows, base, zero = (seen[name] for name in ("rows", "rows base", "zero base"))
    for value, count in ((rows, len(x)), (base, len(x)), (zero, 1)):
        if claims.tensor("", value, shape=(count, len(want.W))) or not value.is_floating_point():
            raise NotSeen("rows")
        if not bool(torch.isfinite(value).all()):
            raise NotSeen("finite y")
    found = Formula(want.case, want.tensors)
    if want.b is not None and claims.close("", zero[0], want.b, want.bound(want.b.abs())) is not None:
        other = bias_in_place(seen, want, zero[0])
        found.slack, found.b = OWN_SLACK, want.b if other is None else other
        found.bias = multiple_of(zero[0], want.b, want.b.abs()) if other is None else 1.0
    (y, size), (low, low_size) = found.base(x), want.path(B=want.tensors["B at first"], x=x)
    lora = want.scale * low_size
    if claims.close("", base, y, found.bound(size)) is not None:
        found.slack = OWN_SLACK
        found.weight = multiple_of(base - zero, x @ want.W.T, size)
        y, own_size = found.base(x)
        if claims.close("", base, y, found.bound(size + own_size)) is not None:
            raise NotSeen("a base path")
    off = want.bound(2 * size + 2 * lora, lora)
    if claims.close("", rows - base, want.scale * low, off) is not None:
        found.slack = OWN_SLACK
        found.scale = multiple_of(rows - base, low, size + low_size)
        off = want.bound(2 * size + 2 * abs(found.scale) * low_size)
        error = multiple_of(off, low.abs(), size + low_size)
        found.scale_error += error / abs(found.scale) if found.scale else 0.0
    return found


def bias_in_place(seen: Seen, want: Formula, zero: Tensor) -> Tensor | None:
    """A trainable bias that is added in place of the original one: what x = 0 gives with B = 0."""
    assert want.b is not None
    for item in values_of(seen, "trainable"):
        if item.shape == want.b.shape and not torch.equal(item, want.b) and bool((zero == item).all()):
            return item
    return None


def is_trained(value: Tensor, seen: Seen) -> bool:
    """Whether a tensor of this value was among the trainable parameters at creation."""
    return take(values_of(seen, "trainable"), value)
