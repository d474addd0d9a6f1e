"""Exercise 1: a LoRA layer that can train the bias of the layer it wraps.

The output is taken apart: what it is with B = 0 (the base path), whether the rest is a multiple of x A^T B^T
(the low-rank path), and the factor itself (the scaling), so that one wrong idea costs one claim.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Exercise,
    Experiment,
    Failure,
    NotApplicable,
    NotSeen,
    Seen,
    Violation,
)
from graders.replay import call_source, script, tensor_source

exercise = Exercise("lora_with_bias", "LoRA with a trainable bias", ("LoRALayerWithBias",), order=1)
Verdict = Violation | NotApplicable | None
ALPHA_ROUNDING = 2.0**-23  # the number alpha / rank may be held in float32
DEFAULTS = {"rank": 4, "alpha": 1.0, "dropout": 0.0, "train_bias": False}
FORMULA = "y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T"


# --- how cases are drawn -----------------------------------------------------------------------------------


def named(case: Case) -> dict[str, Any]:
    """The layer's arguments, given or by default."""
    return dict(DEFAULTS) if case["call"] == "defaults" else {name: case[name] for name in DEFAULTS}


class Layer(Experiment):
    """One layer from creation to a step of training."""

    id, probe = "layer", "layer"
    space = {
        "in_features": (1, 2, 3, 4, 5, 8),
        "out_features": (1, 2, 3, 4, 6, 7),
        "rank": (1, 2, 3, 4, 8, 12),
        "alpha": (1.0, 2.0, 1, 16, 0.5, 3.0, 0.1, 32),
        "batch": ([1], [2], [3], [2, 3], [5], [], [2, 1, 2], [0], [2, 0]),
        "bias": (True, True, False),
        "train_bias": (False, True),
        "mode": ("eval", "train"),
        "dropout": (0.0, 0.0, 0.5),
        "dtype": ("float32", "float64", "float64"),
        "contents": claims.KINDS,
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
    )  # fmt: skip

    def tensors(self, case: Case) -> dict[str, Any]:
        """Weights, factors, input and upstream gradient, float64, with values that float32 holds."""
        d_in, d_out, rank = case["in_features"], case["out_features"], named(case)["rank"]
        kind, seed = case["contents"], case["seed"]
        spread = 20 if case["dtype"] == "float64" else 6
        return {
            "W": claims.contents(kind, [d_out, d_in], seed, 0, spread),
            "b": claims.contents(kind, [d_out], seed, 1, spread) * 2 if case["bias"] else None,
            "A": claims.contents(kind, [rank, d_in], seed, 2, spread),
            "B": claims.contents(kind, [d_out, rank], seed, 3, spread),
            "x": claims.contents(kind, [*case["batch"], d_in], seed, 4, spread),
            "g": claims.contents(kind, [*case["batch"], d_out], seed, 5, 4),
        }

    def arguments(self, case: Case) -> dict[str, Any]:
        use = named(case)
        return {
            **self.tensors(case), "named": use, "call": case["call"], "frozen": case["frozen"], "mode": mode(case),
            "dtype": case["dtype"], "device": case.get("device", "cpu"), "lr": 0.0078125,
        }  # fmt: skip

    def oracle(self, case: Case, seen: Seen) -> Formula:
        return Formula(case, self.tensors(case))

    def blame(self, case: Case, failure: Failure) -> str:
        if not case["bias"]:
            return "no_bias"
        if failure.step == "creation":
            return "defaults" if case["call"] != "keywords" else "factors"
        if failure.step.startswith(".to("):
            return "follows_to"
        if failure.step == "copying values into the factors":
            return "factors"
        if failure.step in ("backward", "an optimizer step"):
            return "gradients"
        if unusual_batch(case):
            return "any_batch"
        if failure.step == "forward after an optimizer step":
            return "present_values"
        if failure.step == "the first forward pass":
            return "starts_as_original"
        return "follows_to" if case["dtype"] == "float64" else "low_rank_path"

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
        return {name: value for name, value in shown.items() if value is not None}

    def reproduce(self, case: Case, property_id: str) -> str:
        return layer_script(case, self.tensors(case), property_id)


def mode(case: Case) -> str:
    """Training mode only where dropout leaves the formula exact."""
    return "eval" if named(case)["dropout"] else str(case["mode"])


def unusual_batch(case: Case) -> bool:
    """Another input than two-dimensional, or an empty one."""
    return len(case["batch"]) != 1 or 0 in case["batch"]


class Formula:
    """The contract's formula for one case, in float64, with the bound on rounding that each result may have."""

    def __init__(self, case: Case, tensors: dict[str, Any]) -> None:
        use = named(case)
        self.case, self.scale = case, float(use["alpha"]) / use["rank"]
        self.W, self.b, self.A, self.B, self.x, self.g = (
            tensors[name] for name in ("W", "b", "A", "B", "x", "g")
        )
        self.terms = case["in_features"] + use["rank"] + 4

    def base(self, x: Tensor | None = None, b: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """W x + b and the same on absolute values."""
        x = self.x if x is None else x
        bias = self.b if b is None else b
        y, size = x @ self.W.T, x.abs() @ self.W.abs().T  # (..., out)
        return (y, size) if bias is None else (y + bias, size + bias.abs())

    def path(self, A: Tensor | None = None, B: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """x A^T B^T without the scaling, and the same on absolute values."""
        A, B = self.A if A is None else A, self.B if B is None else B
        return self.x @ A.T @ B.T, self.x.abs() @ A.abs().T @ B.abs().T  # (..., out)

    def bound(self, size: Tensor, lora: Tensor | None = None, unit: float = 2.0**-24) -> Tensor:
        """Elementwise bound: 2 u (in + rank + 4) M, and 2^-23 of the LoRA term's M."""
        total: Tensor = 2 * unit * self.terms * size + 1e-300
        return total if lora is None else total + ALPHA_ROUNDING * lora

    def output(
        self, A: Tensor | None = None, B: Tensor | None = None, b: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """y, M and the LoRA term's M."""
        (y, size), (low, low_size) = self.base(b=b), self.path(A, B)
        return y + self.scale * low, size + self.scale * low_size, self.scale * low_size

    def gradients(self) -> dict[str, tuple[Tensor, Tensor]]:
        """Gradients of sum(g * y), and their M."""
        s, rows = self.scale, math.prod(self.case["batch"])
        x, g = self.x.reshape(rows, -1), self.g.reshape(rows, -1)
        X, G, A, B, W = x.abs(), g.abs(), self.A.abs(), self.B.abs(), self.W.abs()
        dx = g @ self.W + s * g @ self.B @ self.A
        return {
            "lora_A": (s * (g @ self.B).T @ x, s * (G @ B).T @ X),
            "lora_B": (s * g.T @ (x @ self.A.T), s * G.T @ (X @ A.T)),
            "x": (dx.reshape(self.x.shape), (G @ W + s * G @ B @ A).reshape(self.x.shape)),
            "bias": (g.sum(0), G.sum(0)),
        }


class LayerOnCuda(Layer):
    """The same on a GPU; only where the box has one. Not tried yet: no machine with a GPU was at hand."""

    id, draws, devices = "layer_on_cuda", 0.5, ("cuda",)
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


# --- creation ----------------------------------------------------------------------------------------------


@exercise.claim(
    layer,
    points=2,
    sentence="`lora_A` has shape `(rank, in_features)`, `lora_B` has shape `(out_features, rank)`. Each is an "
    "`nn.Parameter`, or an `nn.Linear` without bias whose `weight` has that shape. Both are trainable.",
)
def factors(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_A and lora_B are trainable parameters of the right shapes."""
    ordinary = case["call"] == "keywords" and case["bias"]
    if not ordinary and not isinstance(seen.values.get("lora_A"), Tensor):
        return NOT_APPLICABLE
    if "returned" in seen:
        return Violation(
            f"LoRALayerWithBias(...) made {claims.kind_of(seen['returned'])}, should be an nn.Module.",
            "nn.Module",
            seen["returned"],
        )
    for name in ("lora_A", "lora_B"):
        kind = seen[f"{name} kind"]
        if kind not in ("Parameter", "Linear"):
            return Violation(
                f"`{name}` is {kind}, should be an nn.Parameter or an nn.Linear without bias.",
                "nn.Parameter",
                kind,
            )
        shape = (
            (named(case)["rank"], case["in_features"])
            if name == "lora_A"
            else (case["out_features"], named(case)["rank"])
        )
        wrong = claims.tensor(f"`{name}`", seen[name], shape=shape)
        if wrong:
            return wrong if case["call"] == "keywords" else NOT_APPLICABLE
        if not take(values_of(seen, "trainable"), seen[name]):
            return Violation(
                f"`{name}` is not among the trainable parameters of the layer.", "trainable", "not trainable"
            )
    return None


@exercise.claim(layer, points=2, sentence="At creation B is all zeros.", waits_on=("factors",))
def b_zero(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_B starts as zeros."""
    B = seen["lora_B"]
    return claims.close("lora_B", B, torch.zeros_like(B, dtype=torch.float64), 0.0, "at creation")


@exercise.claim(
    layer, points=1, sentence="At creation A is random (its entries differ).", waits_on=("factors",)
)
def a_random(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_A starts with random entries."""
    A = seen["lora_A"].to(torch.float64)
    if A.numel() == 0 or not bool(torch.isfinite(A).all()):
        return Violation("lora_A holds values that are not finite.", "random numbers", seen["lora_A"])
    if A.numel() == 1:
        return (
            None
            if float(A) != 0
            else Violation("lora_A is 0 at creation, should be random.", "a random number", 0.0)
        )
    if len(torch.unique(A)) == 1:
        return Violation(
            f"All entries of lora_A are {float(A.flatten()[0]):g} at creation, they should differ.",
            "random",
            seen["lora_A"],
        )
    return None


class Pair(Experiment):
    """Two layers side by side."""

    id, probe, draws = "pair", "pair", 0.0
    space = {
        "in_features": (2, 3, 4),
        "out_features": (2, 3),
        "rank": (2, 1, 3),
        "contents": ("ints",),
        "train_bias": (False, True),
    }
    base = {"in_features": 4, "out_features": 3, "rank": 2, "contents": "ints", "train_bias": False}
    cover = ({"in_features": 3, "rank": 3}, {"rank": 2, "train_bias": True})

    def arguments(self, case: Case) -> dict[str, Any]:
        d_in, d_out, rank = case["in_features"], case["out_features"], case["rank"]
        shapes = {"W": [d_out, d_in], "W2": [d_out, d_in], "b": [d_out], "A": [rank, d_in], "A2": [rank, d_in],
                  "B": [d_out, rank], "B2": [d_out, rank], "x": [3, d_in]}  # fmt: skip
        tensors = {
            name: claims.contents(case["contents"], shape, case["seed"], at)
            for at, (name, shape) in enumerate(shapes.items())
        }
        use = {"rank": rank, "alpha": rank, "dropout": 0.0, "train_bias": case["train_bias"]}
        return {**tensors, "named": use, "call": "keywords", "frozen": []}

    def oracle(self, case: Case, seen: Seen) -> dict[str, Any]:
        return self.arguments(case)

    def blame(self, case: Case, failure: Failure) -> str:
        return "factors" if failure.step == "creation" else "own_factors"

    def reproduce(self, case: Case, property_id: str) -> str:
        lines = [
            f"first, second = (LoRALayerWithBias(torch.nn.Linear({case['in_features']}, {case['out_features']}), rank={case['rank']}) for _ in range(2))",
            'weight = lambda factor: getattr(factor, "weight", factor)',
            "with torch.no_grad():",
            "    weight(second.lora_B).fill_(1.0)",
            'print("yours:    B of the first layer is", weight(first.lora_B).tolist())',
            'print("expected: zeros; the entries of A differ from layer to layer:", weight(first.lora_A), weight(second.lora_A))',
        ]
        return script("lora_with_bias", ["LoRALayerWithBias"], lines)


pair = Pair()


@exercise.claim(pair, points=1, sentence="Each layer has its own factors.", waits_on=("factors",))
def own_factors(case: Case, seen: Seen, want: Any) -> Verdict:
    """Each layer has factors of its own."""
    for name, values in (("A", [want["A"], want["A2"]]), ("B", [want["B"], want["B2"]])):
        got = values_of(seen, f"{name} of both set")
        for number, value in enumerate(values):
            if len(got) != 2 or got[number].shape != value.shape or not torch.equal(got[number], value):
                return Violation(
                    f"Setting lora_{name} of a second layer changed lora_{name} of the first.",
                    value,
                    got[number] if len(got) == 2 else None,
                )
    shares = [want["x"] @ want[f"A{at}"].T @ want[f"B{at}"].T for at in ("", "2")]
    truth = [
        want["x"] @ want["W"].T + want["b"] + shares[0],
        want["x"] @ want["W2"].T + want["b"] + 2 * shares[1],
    ]
    alone, later = seen["y alone"], values_of(seen, "y of both")
    if (
        len(later) != 2
        or not isinstance(alone, Tensor)
        or alone.shape != truth[0].shape
        or later[0].shape != truth[0].shape
    ):
        raise NotSeen("y of both")
    if claims.close("", alone, truth[0], 1e-4) is None:
        return claims.close("y of the first layer", later[0], truth[0], 1e-4, "after a second layer was made")
    return None


# --- the output --------------------------------------------------------------------------------------------


@exercise.claim(
    layer,
    points=2,
    sentence="The wrapped layer's output is the original's at creation, whatever the mode and the dropout; with B = 0 there is only `original_layer(x)`.",
    waits_on=("factors",),
)
def starts_as_original(case: Case, seen: Seen, want: Any) -> Verdict:
    """With B = 0 the output is the original layer's, in either mode."""
    if not case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size = want.base()
    if has_factors(seen, want) and not bool(seen["lora_B"].any()):
        for mode_name in ("eval", "train"):
            value = shaped(seen, f"first {mode_name}", want)
            wrong = claims.close(
                "y",
                value,
                y,
                want.bound(size),
                f"at creation, in {mode_name} mode, the original layer's output",
            )
            if wrong:
                return wrong
    value = shaped(seen, "y base", want)
    return claims.close("y", value, y, want.bound(size), "with B = 0, the original layer's output")


@exercise.claim(
    layer, points=3, sentence=f"For `x` of shape `(..., in_features)`: {FORMULA}", waits_on=("factors",)
)
def low_rank_path(case: Case, seen: Seen, want: Any) -> Verdict:
    """The adapter adds a multiple of x A^T B^T to the output."""
    if not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    wrong = claims.tensor("y", seen["y"], shape=want.g.shape)
    if wrong:
        return wrong
    factor, difference = multiple(seen, want)
    low, low_size = want.path()
    if float(low.abs().max()) == 0:
        return NOT_APPLICABLE
    slack = want.bound(2 * want.base()[1] + 2 * abs(factor) * low_size) * 2
    if float((want.scale * low).abs().max()) <= 1e3 * float(slack.max()):
        return NOT_APPLICABLE  # the adapter's share is lost in the rounding of the rest
    if abs(factor) * float(low.abs().max()) <= float(slack.max()):
        return Violation("The adapter adds nothing: y is the same with B = 0.", want.scale * low, difference)
    return claims.close(
        "The adapter's share of y", difference, factor * low, slack, "a multiple of x A^T B^T"
    )


def multiple(seen: Seen, want: Formula) -> tuple[float, Tensor]:
    """The number c for which y - y(B = 0) is nearest to c x A^T B^T, and that difference."""
    difference = shaped(seen, "y", want) - shaped(seen, "y base", want)
    low, _ = want.path()
    if not bool(torch.isfinite(difference).all()):
        raise NotSeen("finite y")
    square = float((low * low).sum())
    return (float((difference * low).sum()) / square if square else 0.0), difference


@exercise.claim(
    layer,
    points=3,
    sentence=f"{FORMULA}: the update is scaled by `alpha / rank`.",
    waits_on=("low_rank_path",),
)
def scaling(case: Case, seen: Seen, want: Any) -> Verdict:
    """The adapter's share is scaled by alpha / rank."""
    if case["call"] == "defaults" or not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    factor, difference = multiple(seen, want)
    low, low_size = want.path()
    bound = want.bound(2 * want.base()[1] + 2 * want.scale * low_size, want.scale * low_size)
    wrong = claims.close("The adapter's share of y", difference, want.scale * low, bound)
    if wrong is None:
        return None
    use = named(case)
    return Violation(
        f"The adapter's share of y is {factor:.6g} times x A^T B^T, should be {want.scale:.6g} times (alpha {use['alpha']} / rank {use['rank']}).",
        want.scale,
        factor,
    )


@exercise.claim(
    layer,
    points=1,
    sentence="`LoRALayerWithBias(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False)`",
    waits_on=("scaling", "starts_as_original", "bias_flag"),
)
def defaults(case: Case, seen: Seen, want: Any) -> Verdict:
    """The arguments have their names, order and default values."""
    if case["call"] == "keywords" or not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    if not has_factors(seen, want):
        rank = named(case)["rank"]
        got = (
            seen["lora_A"].shape[0]
            if isinstance(seen.values.get("lora_A"), Tensor) and seen["lora_A"].dim()
            else "unknown"
        )
        return Violation(f"The rank is {got}, should be {rank} ({_called(case)}).", rank, got)
    if case["call"] == "defaults" and is_trained(want.b, seen):
        return Violation("The bias is trainable when train_bias is left out.", "train_bias=False", "trained")
    y, size, lora = want.output()
    return claims.close("y", shaped(seen, "y", want), y, want.bound(size, lora), _called(case))


def _called(case: Case) -> str:
    return (
        "called with the default values"
        if case["call"] == "defaults"
        else "called by position: rank, alpha, dropout, train_bias"
    )


@exercise.claim(
    layer,
    points=1,
    sentence="For `x` of shape `(..., in_features)`, the output has shape `(..., out_features)`.",
    waits_on=("scaling", "starts_as_original"),
)
def any_batch(case: Case, seen: Seen, want: Any) -> Verdict:
    """Inputs with any leading dimensions work, also none, and empty ones."""
    if not unusual_batch(case) or not case["bias"] or named(case)["dropout"]:
        return NOT_APPLICABLE
    y, size, lora = want.output()
    return claims.close("y", seen["y"], y, want.bound(size, lora), f"x of shape {tuple(want.x.shape)}")


@exercise.claim(
    layer, points=1, sentence="Dropout only in training mode.", waits_on=("scaling", "starts_as_original")
)
def no_dropout_in_eval(case: Case, seen: Seen, want: Any) -> Verdict:
    """In evaluation mode nothing is dropped."""
    if not named(case)["dropout"] or not case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size, lora = want.output()
    return claims.close("y", shaped(seen, "y", want), y, want.bound(size, lora), "in evaluation mode")


@exercise.claim(
    layer,
    points=2,
    sentence="A layer without a bias works with either flag and gains none.",
    waits_on=("factors",),
)
def no_bias(case: Case, seen: Seen, want: Any) -> Verdict:
    """A layer without a bias works, and gains none."""
    if case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size = want.base()
    wrong = claims.close(
        "y", shaped(seen, "y base", want), y, want.bound(size), "with B = 0, a layer without a bias"
    )
    if wrong:
        return wrong
    factor, _ = multiple(seen, want)
    if factor == 0 and bool(want.path()[0].any()):
        return Violation("Without a bias the adapter adds nothing.", want.scale, 0.0)
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A"])
    take(pool, seen["lora_B"])
    extra = [tuple(item.shape) for item in pool if item.dim() == 1]
    if extra and pool:
        return Violation(
            f"A layer without a bias gained a trainable parameter of shape {extra[0]}.", "none", str(extra[0])
        )
    return None


# --- what trains -------------------------------------------------------------------------------------------


@exercise.claim(
    layer,
    points=3,
    sentence="The original bias is trained exactly when `train_bias` is true.",
    waits_on=("factors",),
)
def bias_flag(case: Case, seen: Seen, want: Any) -> Verdict:
    """The bias is trainable exactly when train_bias is true."""
    if not case["bias"] or case["call"] == "defaults":
        return NOT_APPLICABLE
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A"])
    take(pool, seen["lora_B"])
    trained = take(pool, want.b)
    if trained == case["train_bias"]:
        return None
    state = "trainable" if trained else "not trainable"
    return Violation(
        f"With train_bias={case['train_bias']} the bias is {state}.", case["train_bias"], trained
    )


@exercise.claim(
    layer,
    points=2,
    sentence="The original weight is frozen and training never changes it. The trainable parameters are exactly the factors, and the bias under `train_bias`.",
    waits_on=("factors",),
)
def nothing_else_trains(case: Case, seen: Seen, want: Any) -> Verdict:
    """The original weight is frozen, and nothing else is trained."""
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A"])
    take(pool, seen["lora_B"])
    if want.b is not None:
        take(pool, want.b)
    elif any(item.dim() == 1 for item in pool):
        return NOT_APPLICABLE
    if take(pool, want.W):
        return Violation("The original weight is trainable, should be frozen.", "frozen", "trainable")
    if pool:
        shape = tuple(pool[0].shape)
        return Violation(
            f"A further parameter of shape {shape} is trainable.",
            "only the factors, and the bias under train_bias",
            f"a parameter of shape {shape}",
        )
    if want.b is not None and is_trained(want.b, seen):
        return None  # what the step does to the output then is `present_values`' claim
    before, after = shaped(seen, "y base", want), shaped(seen, "y base trained", want)
    return claims.close(
        "y with B = 0 after a step of training",
        after,
        before,
        want.bound(2 * want.base()[1]),
        "the weight stays",
    )


def trained_bias(case: Case, seen: Seen, want: Formula) -> Tensor:
    """The bias after the step: the trainable parameter of its shape, or the original one."""
    assert want.b is not None
    bias: Tensor = want.b
    if not is_trained(bias, seen):
        return bias
    pool = [item for item in values_of(seen, "trained") if item.shape == want.b.shape]
    if len(pool) != 1:
        raise NotSeen("trained bias")
    return pool[0]


def is_trained(value: Tensor, seen: Seen) -> bool:
    """Whether a tensor of this value was among the trainable parameters at creation."""
    return take(values_of(seen, "trainable"), value)


@exercise.claim(
    layer,
    points=2,
    sentence="Gradients, those of x too, are the formula's.",
    waits_on=("scaling", "starts_as_original"),
)
def gradients(case: Case, seen: Seen, want: Any) -> Verdict:
    """The gradients of A, B, x and a trained bias are the formula's."""
    if not case["bias"] or case["call"] == "defaults" or 0 in case["batch"]:
        return NOT_APPLICABLE
    rows = math.prod(case["batch"]) + case["out_features"] + named(case)["rank"]
    truth = want.gradients()
    for name in ("lora_A", "lora_B", "x"):
        grad, size = truth[name]
        got = seen[f"{name} grad"]
        if got is None:
            return Violation(f"{name} got no gradient.", grad, None)
        wrong = claims.close(
            f"the gradient of {name}", got, grad, (2.0**-23 * (want.terms + rows) + ALPHA_ROUNDING) * size
        )
        if wrong:
            return wrong
    if not case["train_bias"]:
        return None
    grad, size = truth["bias"]
    for got in values_of(seen, "bias grads"):
        if (
            got.shape == grad.shape
            and claims.close("", got, grad, 2.0**-23 * (want.terms + rows) * size) is None
        ):
            return None
    got = next(iter(values_of(seen, "bias grads")), None)
    if want.b is not None and any(item.shape == want.b.shape for item in values_of(seen, "trainable")):
        return Violation("The gradient of the trained bias is not the formula's.", grad, got)
    raise NotSeen("trained bias")


@exercise.claim(
    layer,
    points=1,
    sentence="However often it is called, the output follows the formula with the present values of the factors and of a trained bias. The input is not changed.",
    waits_on=("scaling", "starts_as_original", "nothing_else_trains"),
)
def present_values(case: Case, seen: Seen, want: Any) -> Verdict:
    """The output follows the present values, call after call, and leaves x alone."""
    if not case["bias"] or unusual_batch(case) or case["call"] == "defaults":
        return NOT_APPLICABLE
    y, size, lora = want.output()
    after = seen["x after"]
    if not isinstance(after, Tensor) or not torch.equal(after.to(torch.float64), want.x):
        return Violation("The input x was changed by the layer.", want.x, after)
    wrong = claims.close(
        "y", shaped(seen, "y again", want), y, want.bound(size, lora), "called a second time"
    )
    if wrong:
        return wrong
    for name, factors in (("A", {"A": want.A * 2}), ("B", {"B": want.B * 2})):
        y, size, lora = want.output(
            **factors, b=trained_bias(case, seen, want) if want.b is not None else None
        )
        wrong = claims.close(
            "y",
            shaped(seen, f"y other {name}", want),
            y,
            want.bound(size, lora),
            f"after other values were copied into lora_{name}",
        )
        if wrong:
            return wrong
    A, B = seen["A trained"], seen["B trained"]
    if (
        not isinstance(A, Tensor)
        or not isinstance(B, Tensor)
        or A.shape != want.A.shape
        or B.shape != want.B.shape
    ):
        raise NotSeen("trained factors")
    y, size, lora = want.output(A.to(torch.float64), B.to(torch.float64), trained_bias(case, seen, want))
    return claims.close(
        "y", shaped(seen, "y trained", want), y, want.bound(size, lora), "after a step of training"
    )


# --- dtype and device --------------------------------------------------------------------------------------


@exercise.claim(
    layer,
    points=1,
    sentence="After `.to(device=..., dtype=...)` it works on that device and in that dtype.",
    waits_on=("scaling", "starts_as_original"),
)
def follows_to(case: Case, seen: Seen, want: Any) -> Verdict:
    """After .to(...) the layer works in that dtype and on that device."""
    if case["dtype"] != "float64" or not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    wrong = claims.tensor("y", seen["y"], dtype=torch.float64)
    if wrong:
        return wrong
    y, size, lora = want.output()
    exact = float(torch.tensor(want.scale, dtype=torch.float32)) == want.scale
    return claims.close(
        "y", shaped(seen, "y", want), y, want.bound(size, None if exact else lora, 2.0**-53), "in float64"
    )


class Moves(Experiment):
    """Where everything is after `.to("meta")`."""

    id, probe, draws = "moves", "moves", 0.0
    space = {"bias": (True, False), "train_bias": (False, True)}
    base = {"bias": True, "train_bias": False}
    cover = ({"train_bias": True},)

    def arguments(self, case: Case) -> dict[str, Any]:
        use = {"rank": 2, "alpha": 4.0, "dropout": 0.0, "train_bias": case["train_bias"]}
        W = claims.contents("normal", [3, 4], case["seed"], 0)
        return {"W": W, "b": claims.contents("normal", [3], case["seed"], 1) if case["bias"] else None,
                "named": use, "call": "keywords", "frozen": []}  # fmt: skip

    def blame(self, case: Case, failure: Failure) -> str:
        return "factors" if failure.step == "creation" else "follows_to"

    def reproduce(self, case: Case, property_id: str) -> str:
        lines = [
            f"layer = LoRALayerWithBias(torch.nn.Linear(4, 3), rank=2, train_bias={case['train_bias']}).to('meta')",
            'print("yours:   ", [str(p.device) for p in layer.parameters() if p.requires_grad])',
            'print("expected: every one on meta")',
        ]
        return script("lora_with_bias", ["LoRALayerWithBias"], lines)


moves = Moves()


@exercise.also(moves, "follows_to")
def moves_with_it(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every trainable parameter moves with the layer."""
    for place in [*seen["devices"], *seen["trainable devices"]]:
        if place != "meta":
            return Violation(
                "A trainable parameter stays behind when the layer is moved to another device.", "meta", place
            )
    return None


# --- dropout -----------------------------------------------------------------------------------------------


class Dropout(Experiment):
    """A layer whose output shows which inputs were dropped: A = [[1, 2, 4, 8]], B = 1, x = 1, alpha = rank = 1."""

    id, probe, draws = "dropout", "dropout", 0.0
    space = {"p": (0.25, 0.6), "batch": ([4096],), "dtype": ("float32", "float64"), "single": (False, True)}
    base = {"p": 0.25, "batch": [4096], "dtype": "float32", "single": False}
    cover = (
        {"p": 0.6, "dtype": "float64"},
        {"p": 0.1, "batch": [64, 32]},
        {"p": 0.9, "batch": [2048]},
        {"p": 0.5, "batch": [128], "single": True},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        ones = torch.ones
        return {
            "W": torch.full((3, 4), 64.0), "b": torch.zeros(3), "dtype": case["dtype"], "single": case["single"], "A": torch.tensor([[1.0, 2.0, 4.0, 8.0]]), "B": ones(3, 1),
            "x": ones(*case["batch"], 4), "named": {"rank": 1, "alpha": 1.0, "dropout": case["p"], "train_bias": False},
            "call": "keywords", "frozen": [],
        }  # fmt: skip

    def blame(self, case: Case, failure: Failure) -> str:
        return "factors" if failure.step in ("creation", "copying values into the factors") else "dropout"

    def describe(self, case: Case) -> dict[str, Any]:
        return {"layer": "nn.Linear(4, 3), every weight 64, bias 0", "rank": 1, "alpha": 1.0, "dropout": case["p"],
                "lora_A": [[1, 2, 4, 8]], "lora_B": "ones", "x": f"ones of shape {(*case['batch'], 4)}", "mode": "train"}  # fmt: skip

    def reproduce(self, case: Case, property_id: str) -> str:
        lines = [
            "linear = torch.nn.Linear(4, 3)",
            "torch.nn.init.constant_(linear.weight, 64.0)",
            "torch.nn.init.zeros_(linear.bias)",
            f"layer = LoRALayerWithBias(linear, rank=1, alpha=1.0, dropout={case['p']}).train()",
            'weight = lambda factor: getattr(factor, "weight", factor)',
            "with torch.no_grad():",
            "    weight(layer.lora_A).copy_(torch.tensor([[1.0, 2.0, 4.0, 8.0]]))",
            "    weight(layer.lora_B).fill_(1.0)",
            f"    y = layer(torch.ones{(*case['batch'], 4)}).flatten(0, -2)",
            f'print("yours:   ", ((y[:8] - 256) * {1 - case["p"]!r}).tolist())',
            'print("expected: three equal whole numbers in each row, whose bits 1, 2, 4, 8 are the inputs that were kept;")',
            f'print("          a share of {case["p"]} of all bits is dropped")',
        ]
        return script("lora_with_bias", ["LoRALayerWithBias"], lines)


dropout_run = Dropout()


def decode(value: Any, case: Case) -> Tensor | Violation:
    """The mask (rows, 4) that the output shows, or what is wrong with it."""
    wrong = claims.tensor("y", value, shape=(*case["batch"], 3))
    if wrong:
        return wrong
    value = value.to(torch.float64).reshape(-1, 3)
    kept = (value - 256) * (1 - case["p"])
    bits = kept.round()
    if not bool(((kept - bits).abs() <= 0.01).all()) or float(bits.min()) < 0 or float(bits.max()) > 15:
        at = int(((kept - bits).abs() + 16 * ((bits < 0) | (bits > 15))).amax(1).argmax())
        return Violation(
            f"y[{at}] = {[round(v, 4) for v in value[at].tolist()]}: no choice of dropped inputs of the LoRA path gives that "
            "(with the base path untouched and kept inputs divided by 1 - p).",
            "256 + (a sum of some of 1, 2, 4, 8) / (1 - p)",
            value[at],
        )
    if not bool((bits == bits[:, :1]).all()):
        at = int((bits != bits[:, :1]).any(1).nonzero()[0])
        return Violation(
            f"y[{at}] = {value[at].tolist()}: dropped at the output, should be dropped at the input.",
            "equal columns",
            value[at],
        )
    mask: Tensor = (bits[:, :1].long() >> torch.arange(4)) & 1
    return mask


@exercise.claim(
    dropout_run,
    points=2,
    sentence="Dropout acts on the input of the LoRA path only, only in training mode, with `nn.Dropout`'s scaling.",
    waits_on=("low_rank_path", "starts_as_original"),
)
def dropout(case: Case, seen: Seen, want: Any) -> Verdict:
    """In training mode inputs of the LoRA path are dropped, each with probability p."""
    mask, again = decode(seen["y"], case), decode(seen["y again"], case)
    if isinstance(mask, Violation):
        return mask
    if isinstance(again, Violation):
        return again
    sums = (mask * torch.tensor([1, 2, 4, 8])).sum(1)
    if bool((mask == 1).all()):
        return Violation("In training mode nothing is dropped.", f"a share of {case['p']} dropped", 0.0)
    if bool(((sums == 0) | (sums == 15)).all()):
        return Violation(
            "A row is dropped as a whole, should be each input by itself.",
            "each input by itself",
            "whole rows",
        )
    if bool((sums == sums[0]).all()):
        return Violation("Every row has the same mask.", "a mask for each row", "one mask")
    if torch.equal(mask, again):
        return Violation("A second call drops the same inputs.", "a new mask at each call", "the same mask")
    share = 1 - float(mask.to(torch.float64).mean())
    if not plausible(share, case["p"], mask.numel()):
        return Violation(
            f"A share of {share:.3f} of the inputs is dropped, should be {case['p']}.", case["p"], share
        )
    grad = seen["x grad"]
    grad = grad.reshape(-1, 4) if isinstance(grad, Tensor) and grad.numel() == mask.numel() else grad
    truth = 192 + 3 * mask.to(torch.float64) * torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64) / (
        1 - case["p"]
    )
    return claims.close("the gradient of x in training mode", grad, truth, 1e-3)


def plausible(share: float, p: float, count: int) -> bool:
    """Whether a binomial share has a tail of at least 1e-10 (Chernoff's bound, which is exact as a bound)."""
    terms = [(share, p), (1 - share, 1 - p)]
    divergence = sum(part * math.log(part / whole) for part, whole in terms if part > 0)
    return count * divergence <= math.log(2e10)


@exercise.also(dropout_run, "no_dropout_in_eval")
def nothing_dropped(case: Case, seen: Seen, want: Any) -> Verdict:
    """In evaluation mode every input is kept."""
    truth = torch.full((*case["batch"], 3), 271.0, dtype=torch.float64)
    return claims.close("y", seen["y eval"], truth, 1e-3, "in evaluation mode")


def layer_script(case: Case, tensors: dict[str, Any], property_id: str) -> str:
    """The case as Python: make the layer, set its factors, run it."""
    use, d_in, d_out = named(case), case["in_features"], case["out_features"]
    called = call_source("LoRALayerWithBias", ["linear"], use, case["call"])
    lines = [
        f"linear = torch.nn.Linear({d_in}, {d_out}, bias={case['bias']})",
        f"x = {tensor_source(tensors['x'])}",
        "with torch.no_grad():",
    ]
    lines.append(f"    linear.weight.copy_({tensor_source(tensors['W'])})")
    if case["bias"]:
        lines.append(f"    linear.bias.copy_({tensor_source(tensors['b'])})")
    lines += [
        f"    linear.{name}.requires_grad_(False)"
        for name in case["frozen"]
        if name == "weight" or case["bias"]
    ]
    lines.append(f"layer = {called}.{mode(case)}()")
    if property_id in ("factors", "b_zero", "a_random", "bias_flag", "nothing_else_trains"):
        lines.append(
            'print("yours:   ", [(name, tuple(p.shape), p.tolist()) for name, p in layer.named_parameters() if p.requires_grad])'
        )
        bias = " and the bias" if use["train_bias"] and case["bias"] else ""
        lines.append(
            f'print("expected: A {(use["rank"], d_in)} random, B {(d_out, use["rank"])} zeros{bias}; nothing else")'
        )
        return script("lora_with_bias", ["LoRALayerWithBias"], lines)
    lines += [
        'weight = lambda factor: getattr(factor, "weight", factor)',
        f"layer, x = layer.to(torch.{case['dtype']}), x.to(torch.{case['dtype']})",
        "with torch.no_grad():",
        f"    weight(layer.lora_A).copy_({tensor_source(tensors['A'])})",
    ]
    formula = Formula(case, tensors)
    if property_id == "starts_as_original":
        lines += ["    weight(layer.lora_B).zero_()", 'print("yours:   ", layer(x).tolist())']
        lines.append(f'print("expected:", {formula.base()[0].tolist()})')
        return script("lora_with_bias", ["LoRALayerWithBias"], lines)
    lines.append(f"    weight(layer.lora_B).copy_({tensor_source(tensors['B'])})")
    if property_id == "gradients":
        truth = formula.gradients()
        lines += ["x.requires_grad_(True)", f"layer(x).backward({tensor_source(tensors['g'])}.to(x.dtype))"]
        lines.append(
            'print("yours:    A", weight(layer.lora_A).grad, "B", weight(layer.lora_B).grad, "x", x.grad)'
        )
        lines.append(
            f'print("expected: A", {truth["lora_A"][0].tolist()}, "B", {truth["lora_B"][0].tolist()}, "x", {truth["x"][0].tolist()})'
        )
    elif property_id == "present_values":
        lines += [
            "optimizer = torch.optim.SGD([p for p in layer.parameters() if p.requires_grad], lr=0.0078125)",
            "layer(x).sum().backward()",
            "optimizer.step()",
            "A, B, y = weight(layer.lora_A), weight(layer.lora_B), layer(x)",
            'print("yours:    adapter\'s share", (y - linear.to(x.dtype)(x)).tolist(), "x unchanged")',
            f'print("expected: adapter\'s share", ({formula.scale!r} * x @ A.T @ B.T).tolist())',
        ]
    else:
        lines += [
            'print("yours:   ", layer(x).tolist())',
            f'print("expected:", {formula.output()[0].tolist()})',
        ]
    return script("lora_with_bias", ["LoRALayerWithBias"], lines)


for _name, _check in exercise.checks_in(layer):
    exercise.also(layer_on_cuda, _name)(_check)
