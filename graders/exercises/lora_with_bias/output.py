"""What a layer computes: the base path, the adapter's share and its scaling, for any input."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Seen,
    Violation,
)
from graders.exercises.lora_with_bias.layer import (
    FORMULA,
    Verdict,
    exercise,
    has_factors,
    is_trained,
    layer,
    multiple,
    named,
    shaped,
    take,
    unusual_batch,
    values_of,
)


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
