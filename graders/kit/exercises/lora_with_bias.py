"""The recorded cases of `LoRALayerWithBias`: mostly small whole numbers, for which rounding hardly matters."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch

from graders.exercise import Case
from graders.exercises.lora_with_bias.creation import pair
from graders.exercises.lora_with_bias.dropout import dropout_run, plausible
from graders.exercises.lora_with_bias.layer import Formula, layer, named, unusual_batch
from graders.exercises.lora_with_bias.moving import moves
from graders.kit.formula import Values
from graders.kit.recording import Fact, Recorded, drawn, fact, record

STEPS = (
    "creation",
    "the first forward pass",
    ".to(torch.float32)",
    ".to(torch.float64)",
    '.to("meta")',
    "copying values into the factors",
    "forward",
    "backward",
    "an optimizer step",
    "forward after an optimizer step",
    "forward without dropout",
    "forward in training mode",
    "backward in training mode",
    "forward in evaluation mode",
)
OUTPUT = ("starts_as_original", "low_rank_path", "scaling")
MADE = ("factors", "factor_shapes")
WAITS: Mapping[str, Sequence[str]] = {
    "factor_shapes": ("factors",),
    "b_zero": MADE,
    "a_random": MADE,
    "starts_as_original": MADE,
    "low_rank_path": MADE,
    "scaling": ("starts_as_original",),
    "defaults": OUTPUT,
    "any_batch": OUTPUT,
    "no_dropout_in_eval": OUTPUT,
    "no_bias": OUTPUT,
    "bias_flag": ("factors",),
    "nothing_else_trains": MADE,
    "gradients": (*OUTPUT, "bias_flag", "nothing_else_trains"),
    "present_values": (*OUTPUT, "gradients", "bias_flag", "nothing_else_trains"),
    "dropout": OUTPUT,
    "follows_to": OUTPUT,
    "own_factors": OUTPUT,
}
LAYERS: tuple[dict[str, Any], ...] = (
    {"contents": "ints", "in_features": 3, "out_features": 2, "batch": [2]},
    {"contents": "ints", "train_bias": True},
    {"contents": "ints", "in_features": 3, "out_features": 5, "rank": 3, "alpha": 2.0, "mode": "train"},
    {"contents": "normal", "in_features": 6, "out_features": 2, "rank": 1, "alpha": 0.5, "train_bias": True},
    {"contents": "ints", "in_features": 2, "out_features": 3, "rank": 7, "alpha": 1.0},
    {"contents": "ints", "in_features": 1, "out_features": 1, "rank": 1, "alpha": 3.0},
    {"contents": "ints", "frozen": ["weight", "bias"], "train_bias": True, "mode": "train"},
    {"contents": "ints", "frozen": ["weight", "bias"]},
    {"contents": "ints", "in_features": 4, "out_features": 4, "rank": 4, "alpha": 8, "train_bias": True},
    {"contents": "ints", "bias": False},
    {"contents": "ints", "bias": False, "train_bias": True},
    {"contents": "ints", "call": "defaults", "in_features": 5, "out_features": 6},
    {"contents": "ints", "call": "defaults", "mode": "train"},
    {"contents": "ints", "call": "positional", "train_bias": True, "rank": 3, "alpha": 6.0, "dropout": 0.0},
    {"contents": "ints", "batch": []},
    {"contents": "ints", "batch": [2, 3]},
    {"contents": "ints", "batch": [3, 1, 2]},
    {"contents": "ints", "batch": [0]},
    {"contents": "ints", "B": "zero", "train_bias": True},
    {"contents": "ints", "x_grad": False, "train_bias": True},
    {"contents": "ints", "dropout": 0.5},
    {"contents": "ints", "dropout": 0.8, "rank": 3, "alpha": 32, "train_bias": True},
    {"contents": "normal", "dtype": "float64"},
    {"contents": "wide", "dtype": "float64", "rank": 3, "train_bias": True, "alpha": 1.5},
    {"contents": "ints", "rank": 40, "alpha": 20, "in_features": 6},
    {"contents": "ints", "in_features": 1, "out_features": 1, "batch": [1100]},
    {"contents": "ints", "b": "zero", "train_bias": True},
)
PAIRS: tuple[dict[str, Any], ...] = ({}, {"train_bias": True, "in_features": 3})
DROPOUTS: tuple[dict[str, Any], ...] = (
    {},
    {"p": 0.6, "dtype": "float64"},
    {"p": 0.2, "batch": [96, 32]},
    {"p": 0.5, "batch": [128], "single": True},
    {"p": 0.95, "batch": [1024], "rank": 5},
    {"p": 0.5, "batch": [512], "bias": False},
)
MOVES: tuple[dict[str, Any], ...] = ({}, {"train_bias": True})


def recorded() -> list[Recorded]:
    """The cases, plainest first."""
    of = (
        (layer, LAYERS, _layer, "factors"),
        (pair, PAIRS, _pair, "own_factors"),
        (dropout_run, DROPOUTS, _dropout, "dropout"),
        (moves, MOVES, _moves, "follows_to"),
    )
    return [
        record(
            experiment,
            case,
            facts(case),
            steps=STEPS,
            needs=("LoRALayerWithBias",),
            otherwise=otherwise,
        )
        for experiment, several, facts, otherwise in of
        for case in (drawn(experiment, changes) for changes in several)
    ]


def owner(case: Case) -> str:
    """The claim about the output that a case is about."""
    if not case["bias"]:
        return "no_bias"
    if case["call"] != "keywords":
        return "defaults"
    if unusual_batch(case):
        return "any_batch"
    if named(case)["dropout"]:
        return "no_dropout_in_eval"
    return "follows_to" if case["dtype"] == "float64" else ""


def _layer(case: Case) -> Iterator[Fact]:
    values, about = Values(case), owner(case)
    F = values.formula
    yield from _creation(case, F)
    yield from _training_flags(case, F)
    name = about or "starts_as_original"
    first = "at creation, in {} mode, the original layer's output"
    modes = ("eval",) if about == "no_dropout_in_eval" else ("eval", "train")
    for mode in modes if about != "follows_to" else ():
        yield values.fact(name, f"first {mode}", "y", F.base(), first.format(mode))
    if about == "no_dropout_in_eval":
        yield values.fact("dropout", "first train", "y", F.base(), first.format("train"))
    yield values.fact(name, "y base", "y", F.base(), "with B = 0, the original layer's output")
    if not about and bool(F.B.any()):
        yield from _path(values)
    note = {
        "no_bias": "a layer without a bias",
        "defaults": "called with the default values"
        if case["call"] == "defaults"
        else "called by position: rank, alpha, dropout, train_bias",
        "any_batch": f"x of shape {tuple(F.x.shape)}",
        "no_dropout_in_eval": "in evaluation mode",
        "follows_to": "in float64",
    }.get(about, "")
    yield fact("tensor", about or "low_rank_path", "y", shape=list(F.g.shape), dtype=case["dtype"])
    yield values.fact(about or "scaling", "y", "y", F.output(), note)
    if about in ("", "no_dropout_in_eval", "follows_to"):
        yield from _calls(values, about or "present_values")
    if about in ("", "any_batch") and 0 not in case["batch"]:
        yield from _gradients(values)
    if about in ("", "follows_to"):
        yield from _trained(values, about or "present_values")


def _creation(case: Case, F: Formula) -> Iterator[Fact]:
    yield fact("nothing", "factors", "no module")
    for letter, like in (("A", F.A), ("B", F.B)):
        kinds = ["Parameter", "Linear"]
        about = "an nn.Parameter or an nn.Linear without bias"
        yield fact("one_of", "factors", f"lora_{letter} kind", f"`lora_{letter}`", values=kinds, words=about)
        shape = "defaults" if owner(case) == "defaults" else "factor_shapes"
        at = f"lora_{letter} stored"
        yield fact("tensor", shape, at, f"`lora_{letter}`", shape=list(like.shape))
    told = "`{}` is not among the trainable parameters of the layer"
    yield fact("nothing", "factors", "frozen factors", says=told)
    zeros = torch.zeros_like(F.B)
    yield fact("close", "b_zero", "lora_B", "lora_B", want=zeros, absolute=0.0, note="at creation")
    if F.A.numel() > 1:
        says = "All entries of lora_A are the same at creation, they should differ"
        yield fact("distinct", "a_random", "lora_A", least=2, says=says)
    else:
        says = "lora_A is 0 at creation, should be random"
        yield fact("distinct", "a_random", "lora_A with 0", least=2, says=says)


def _training_flags(case: Case, F: Formula) -> Iterator[Fact]:
    yield fact("nothing", "nothing_else_trains" if case["bias"] else "no_bias", "further")
    if not case["bias"]:
        return
    name, asked = owner(case) if owner(case) == "defaults" else "bias_flag", named(case)["train_bias"]
    state = "not trainable" if asked else "trainable"
    told = f"With train_bias={asked} the bias is {state}."
    yield fact("same", name, "bias trains", want=asked, says=told)


def _path(values: Values) -> Iterator[Fact]:
    F = values.formula
    low, size = F.path()
    bound = float((values.formula.bound(2 * F.base()[1] + 2 * F.scale * size) * 4).max())
    nothing = "The adapter adds nothing: y is the same with B = 0"
    note = "a multiple of x A^T B^T"
    share = "The adapter's share of y"
    yield fact(
        "multiple", "low_rank_path", "share", share, want=low, absolute=bound, nothing=nothing, note=note
    )
    use = named(values.case)
    note = f"alpha {use['alpha']} / rank {use['rank']} times x A^T B^T"
    yield fact("close", "scaling", "share", share, want=F.scale * low, absolute=bound, note=note)


def _calls(values: Values, name: str) -> Iterator[Fact]:
    F = values.formula
    dtype = getattr(torch, values.case["dtype"])
    yield values.fact(name, "y again", "y", F.output(), "called a second time")
    told = "The input x was changed by the layer."
    yield fact("same", "present_values", "x after", want=F.x.to(dtype), says=told)


def _gradients(values: Values) -> Iterator[Fact]:
    F, case = values.formula, values.case
    if case["b"] == "zero":
        return
    truth = F.gradients()
    rows = math.prod(case["batch"]) + case["out_features"] + named(case)["rank"]
    slack = 4.0 + rows
    for name in ("lora_A", "lora_B", "x") if case["x_grad"] else ("lora_A", "lora_B"):
        want, size = truth[name]
        yield values.fact(
            "gradients", f"{name} grad", f"The gradient of {name}", (want, size, size), "", slack
        )
    if named(case)["train_bias"]:
        want, size = truth["bias"]
        yield values.fact(
            "gradients", "bias grad", "The gradient of the trained bias", (want, size, size), "", slack
        )


def _trained(values: Values, name: str) -> Iterator[Fact]:
    F = values.formula
    if values.case["b"] == "zero":
        return
    lr = layer.arguments(values.case)["lr"]
    step = {key: lr * grad for key, (grad, _) in F.gradients().items()}
    b = F.b if F.b is None or not named(values.case)["train_bias"] else F.b - step["bias"]
    for letter, changed in (("A", {"A": F.A * 2}), ("B", {"B": F.B * 2})):
        note = f"after other values were copied into lora_{letter}"
        yield values.fact(name, f"y other {letter}", "y", F.output(**changed, b=b), note, 64.0)
    if named(values.case)["train_bias"] and b is not None:
        note = "after other values were copied into the trained bias"
        yield values.fact(name, "y other bias", "y", F.output(b=2 * b), note, 64.0)
    trained = F.output(F.A - step["lora_A"], F.B - step["lora_B"], b)
    yield values.fact(name, "y trained", "y", trained, "after a step of training", 64.0)
    if not named(values.case)["train_bias"]:
        note = "the weight stays"
        called = "y with B = 0 after a step of training"
        yield values.fact("nothing_else_trains", "y base trained", called, F.base(), note, 4.0)


def _pair(case: Case) -> Iterator[Fact]:
    sent = pair.arguments(case)
    for letter in "AB":
        for number, like in enumerate((sent[letter], sent[f"{letter}2"])):
            at, name = (f"{letter} of both set", number), f"lora_{letter} of layer {number + 1}"
            note = f"after lora_{letter} of both layers was set"
            yield fact("close", "own_factors", at, name, want=like.float(), absolute=0.0, note=note)
    x = sent["x"]
    y = x @ sent["W"].T + sent["b"] + x @ sent["A"].T @ sent["B"].T
    note = "after a second layer was made"
    at = ("y of both", 0)
    yield fact("close", "own_factors", at, "y of the first layer", want=y, absolute=1e-3, note=note)


def _dropout(case: Case) -> Iterator[Fact]:
    p = case["p"]
    sums = [256 + total / (1 - p) for total in range(16)]
    note = "a sum of some of 1, 2, 4, 8, divided by 1 - p, beside 256"
    for at in ("y", "y again"):
        yield fact(
            "one_of", "dropout", at, "y in training mode", values=sums, absolute=0.01 / (1 - p), note=note
        )
    for at in ("columns", "whole rows", "second call"):
        yield fact("nothing", "dropout", at)
    count = 4 * math.prod(case["batch"])
    near = [share / 1000 for share in range(1001) if plausible(share / 1000, p, count)]
    low, high = min(near) - 1e-3, max(near) + 1e-3
    name = "The share of inputs that are dropped"
    yield fact("within", "dropout", "dropped", name, want=p, low=low, high=high)
    through = [192.0, *(192 + 3 * bit / (1 - p) for bit in (1, 2, 4, 8))]
    name = "The gradient of x in training mode"
    yield fact("one_of", "dropout", "x grad", name, values=through, absolute=1e-3)
    kept = torch.full((*case["batch"], 3), 271.0)
    yield fact(
        "close", "no_dropout_in_eval", "y eval", "y", want=kept, absolute=1e-3, note="in evaluation mode"
    )


def _moves(case: Case) -> Iterator[Fact]:
    yield fact("nothing", "follows_to", "left behind")
