"""What trains, by which gradients, and what the layer computes afterwards."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    NotSeen,
    Seen,
    Violation,
)
from graders.exercises.lora_with_bias.layer import (
    Formula,
    Verdict,
    exercise,
    is_trained,
    layer,
    named,
    own,
    shaped,
    take,
    unusual_batch,
    values_of,
)


@exercise.claim(
    layer,
    points=3,
    sentence="The original bias is trained exactly when `train_bias` is true.",
    on_each="train_bias",
)
def bias_flag(case: Case, seen: Seen, want: Any) -> Verdict:
    """The bias is trainable exactly when train_bias is true."""
    if not case["bias"] or case["call"] == "defaults":
        return NOT_APPLICABLE
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A stored"])
    take(pool, seen["lora_B stored"])
    trained = take(pool, own_bias(seen, want))
    if trained == case["train_bias"]:
        return _bias_learns(seen, want) if trained else None
    state = "trainable" if trained else "not trainable"
    return Violation(
        f"With train_bias={case['train_bias']} the bias is {state}.", case["train_bias"], trained
    )


def _bias_learns(seen: Seen, want: Formula) -> Violation | None:
    """A trainable bias that is added gets a gradient, where x gets the base path's."""
    assert want.b is not None
    if (
        "bias grads" not in seen
        or not bool(want.g.any())
        or want.case["contents"] == "wide"
        or not want.b.any()
    ):
        return None
    mine = own(seen, want)
    grad, size = mine.gradients()["x"]
    if mine.bias == 0 or claims.close("", seen["x grad"], grad, mine.bound(size)) is not None:
        return None  # what cuts off the base path is `gradients`'
    if seen["lora_A grad"] is None or any(
        item.shape == want.b.shape for item in values_of(seen, "bias grads")
    ):
        return None
    return Violation("With train_bias=True the bias gets no gradient.", "a gradient", None)


@exercise.claim(
    layer,
    points=2,
    sentence="The original weight is frozen and training never changes it. The trainable parameters are exactly the factors, and the bias under `train_bias`.",
)
def nothing_else_trains(case: Case, seen: Seen, want: Any) -> Verdict:
    """The original weight is frozen, and nothing else is trained."""
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A stored"])
    take(pool, seen["lora_B stored"])
    if want.b is not None:
        take(pool, own_bias(seen, want))
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
    if want.b is not None and is_trained(own_bias(seen, want), seen):
        return None  # what the step does to the output then is `present_values`' claim
    return _weight_stays(seen, want)


def _weight_stays(seen: Seen, want: Formula) -> Violation | None:
    """Where the base path gives something else after the step than before it."""
    before, after = shaped(seen, "y base", want), shaped(seen, "y base trained", want)
    return claims.close(
        "y with B = 0 after a step of training",
        after,
        before,
        want.bound(2 * want.base()[1]),
        "the weight stays",
    )


def own_bias(seen: Seen, want: Formula) -> Tensor:
    """The original bias, or what the student adds and trains in its place."""
    assert want.b is not None
    bias: Tensor = want.b
    if "zero base" in seen:
        with suppress(NotSeen):
            bias = own(seen, want).b
    return bias


def trained_bias(seen: Seen, bias: Tensor) -> Tensor:
    """The bias after the step: the trainable parameter of its shape, or as it was."""
    pool = [item for item in values_of(seen, "trained") if item.shape == bias.shape]
    if not pool or not is_trained(bias, seen):
        return bias
    if len(pool) != 1:
        raise NotSeen("trained bias")
    return pool[0]


@exercise.claim(
    layer,
    points=2,
    sentence="Gradients, those of x too, are the formula's.",
    waits_on=("factors", "low_rank_path"),
)
def gradients(case: Case, seen: Seen, want: Any) -> Verdict:
    """The gradients of A, B, x and a trained bias are the formula's."""
    if not case["bias"] or case["call"] == "defaults" or 0 in case["batch"] or named(case)["dropout"]:
        return NOT_APPLICABLE
    if case["b"] == "zero":
        return NOT_APPLICABLE  # how the student adds the bias does not show
    mine = own(seen, want)
    rows = mine.slack * (math.prod(case["batch"]) + case["out_features"] + named(case)["rank"])
    truth = mine.gradients()
    for name in ("lora_A", "lora_B", "x") if case["x_grad"] else ("lora_A", "lora_B"):
        grad, size = truth[name]
        got = seen[f"{name} grad"]
        if got is None:
            return Violation(f"{name} got no gradient.", grad, None)
        wrong = claims.close(
            f"The gradient of {name}", got, grad, (2.0**-23 * (want.terms + rows) + mine.scale_error) * size
        )
        if wrong:
            return wrong
    if not case["train_bias"] or not values_of(seen, "bias grads"):
        return None  # a bias that gets no gradient is `bias_flag`'s
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
    waits_on=("low_rank_path",),
)
def present_values(case: Case, seen: Seen, want: Any) -> Verdict:
    """The output follows the present values, call after call, and leaves x alone."""
    if not case["bias"] or unusual_batch(case) or case["call"] == "defaults" or named(case)["dropout"]:
        return NOT_APPLICABLE
    if case["b"] == "zero":
        return NOT_APPLICABLE  # how the student adds the bias does not show
    mine = own(seen, want)
    after = seen["x after"]
    if not isinstance(after, Tensor) or not torch.equal(after.to(torch.float64), want.x):
        return Violation("The input x was changed by the layer.", want.x, after)
    wrong = _output(seen, mine, "y again", mine.output(), "called a second time")
    if not wrong and "y refilled" in seen:
        note = "called with 2 x in the tensor that held x at the call before"
        wrong = _output(seen, mine, "y refilled", mine.output(x=2 * want.x), note)
    if wrong or others_train(seen, want):
        return wrong  # the rest was seen after a step of training, with another weight
    bias = trained_bias(seen, mine.b)
    for name, factors in (("A", {"A": want.A * 2}), ("B", {"B": want.B * 2})):
        note = f"after other values were copied into lora_{name}"
        if wrong := _output(seen, mine, f"y other {name}", mine.output(**factors, b=bias), note):
            return wrong
    if "y other bias" in seen and is_trained(mine.b, seen) and values_of(seen, "bias grads"):
        note = "after other values were copied into the trained bias"
        if wrong := _output(seen, mine, "y other bias", mine.output(b=2 * bias), note):
            return wrong
    A, B = seen["A trained"], seen["B trained"]
    if (
        not isinstance(A, Tensor)
        or not isinstance(B, Tensor)
        or A.shape != want.A.shape
        or B.shape != want.B.shape
    ):
        raise NotSeen("trained factors")
    trained = mine.output(A.to(torch.float64), B.to(torch.float64), bias)
    return _output(seen, mine, "y trained", trained, "after a step of training")


def _output(
    seen: Seen, mine: Formula, name: str, want: tuple[Tensor, Tensor, Tensor], note: str
) -> Violation | None:
    """Where an output is not the wanted one."""
    y, size, lora = want
    return claims.close("y", shaped(seen, name, mine), y, mine.bound(size, lora), note)


def others_train(seen: Seen, want: Formula) -> bool:
    """Whether more is trained than factors and bias, or than at creation, or the weight moves: other claims are about that."""
    count = len(values_of(seen, "trainable"))
    trains = want.b is not None and is_trained(own_bias(seen, want), seen)
    if count > 2 + trains or len(values_of(seen, "trained")) != count or is_trained(want.W, seen):
        return True
    return not trains and _weight_stays(seen, want) is not None
