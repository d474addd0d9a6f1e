"""What a layer computes: the base path, the adapter's share and its scaling, for any input."""

from __future__ import annotations

from typing import Any

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
    FORMULA,
    Verdict,
    exercise,
    has_factors,
    layer,
    multiple_of,
    named,
    own,
    shaped,
    share,
    take,
    unusual_batch,
    values_of,
)


@exercise.claim(
    layer,
    points=3,
    sentence="The wrapped layer's output is the original's at creation, whatever the mode and the dropout; with B = 0 there is only `original_layer(x)`.",
)
def starts_as_original(case: Case, seen: Seen, want: Any) -> Verdict:
    """With B = 0 the output is the original layer's, in either mode."""
    if not case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size = want.base()
    if has_factors(seen, want) and not bool(seen["lora_B"].any()):
        for mode_name in ("eval", "train") if not named(case)["dropout"] else ("eval",):
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


@exercise.claim(layer, points=2, sentence=f"For `x` of shape `(..., in_features)`: {FORMULA}")
def low_rank_path(case: Case, seen: Seen, want: Any) -> Verdict:
    """The adapter adds a multiple of x A^T B^T to the output."""
    if not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    wrong = claims.tensor("y", seen["y"], shape=want.g.shape)
    if wrong:
        return wrong
    difference, (low, low_size) = share(seen, want), want.path()
    if float(low.abs().max()) == 0:
        return NOT_APPLICABLE
    size = want.base()[1] + low_size
    factor = multiple_of(difference, low, size)
    slack = want.bound(2 * want.base()[1] + 2 * abs(factor) * low_size) * 2
    if float((want.scale * low).abs().max()) <= 1e3 * float(slack.max()):
        return NOT_APPLICABLE  # the adapter's share is lost in the rounding of the rest
    bound = want.bound(2 * want.base()[1] + 2 * want.scale * low_size, want.scale * low_size)
    if claims.close("", difference, want.scale * low, bound) is None:
        return None
    if abs(factor) * float(low.abs().max()) <= float(slack.max()):
        if want.scale < 1:
            return NOT_APPLICABLE  # a scaling that was rounded down to 0 is `scaling`'s
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
    difference, (low, low_size) = share(seen, want), want.path()
    bound = want.bound(2 * want.base()[1] + 2 * want.scale * low_size, want.scale * low_size)
    wrong = claims.close("The adapter's share of y", difference, want.scale * low, bound)
    if wrong is None:
        return None
    use, factor = named(case), multiple_of(difference, low, want.base()[1] + low_size)
    return Violation(
        f"The adapter's share of y is {factor:.6g} times x A^T B^T, should be {want.scale:.6g} times (alpha {use['alpha']} / rank {use['rank']}).",
        want.scale,
        factor,
    )


@exercise.claim(
    layer,
    points=1,
    sentence="`LoRALayerWithBias(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False)`",
    waits_on=("low_rank_path",),
)
def defaults(case: Case, seen: Seen, want: Any) -> Verdict:
    """The arguments have their names, order and default values."""
    if case["call"] == "keywords" or not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    if not has_factors(seen, want):
        rank, A = named(case)["rank"], seen["lora_A"]
        got = A.shape[0] if isinstance(A, Tensor) and A.dim() else "unknown"
        if got == rank:
            raise NotSeen("factors of the right shape")
        return Violation(f"The rank is {got}, should be {rank} ({_called(case)}).", rank, got)
    plain = seen.values.get("twin")
    plain = plain if isinstance(plain, dict) else {}
    trained, wanted = len(values_of(seen, "trainable")), plain.get("trainable")
    if isinstance(wanted, int) and trained != wanted:
        return Violation(
            f"{trained} parameters are trainable, should be {wanted}, as when called by keywords ({_called(case)}).",
            wanted,
            trained,
        )
    y, size, lora = want.output()
    value, keywords = shaped(seen, "y", want), plain.get("y")
    wrong = claims.close("y", value, y, want.bound(size, lora), _called(case))
    if wrong and isinstance(keywords, Tensor) and keywords.shape == value.shape:
        keywords = keywords.to(value.dtype)
        if claims.close("y", value, keywords, want.bound(size + keywords.abs())) is None:
            return None  # by keywords it is the same: other claims are about that
    return wrong


def _called(case: Case) -> str:
    return (
        "called with the default values"
        if case["call"] == "defaults"
        else "called by position: rank, alpha, dropout, train_bias"
    )


@exercise.claim(
    layer,
    points=0.5,
    sentence="For `x` of shape `(..., in_features)`, the output has shape `(..., out_features)`.",
    waits_on=("low_rank_path",),
)
def any_batch(case: Case, seen: Seen, want: Any) -> Verdict:
    """Inputs with any leading dimensions work, also none, and empty ones."""
    if not unusual_batch(case) or not case["bias"] or named(case)["dropout"]:
        return NOT_APPLICABLE
    wrong = claims.tensor("y", seen["y"], shape=want.g.shape)
    if wrong:
        return wrong
    mine = own(seen, want)
    y, size, lora = mine.output()
    after = seen["x after"]
    if isinstance(after, Tensor) and after.shape != want.x.shape:
        return Violation("The input x was given another shape by the layer.", want.x, after)
    return claims.close("y", seen["y"], y, mine.bound(size, lora), f"x of shape {tuple(want.x.shape)}")


@exercise.claim(layer, points=1, sentence="Dropout only in training mode.", waits_on=("low_rank_path",))
def no_dropout_in_eval(case: Case, seen: Seen, want: Any) -> Verdict:
    """In evaluation mode nothing is dropped."""
    if not named(case)["dropout"] or not case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size, lora = want.output()
    for name in ("y", "y again"):
        value = shaped(seen, name, want)
        wrong = claims.close("y", value, y, want.bound(size, lora), "in evaluation mode")
        if wrong and not like_twin(seen, "y", value, want.bound(size, lora)):
            return wrong
    return None


@exercise.claim(
    layer,
    points=2,
    sentence="A layer without a bias works with either flag and gains none.",
)
def no_bias(case: Case, seen: Seen, want: Any) -> Verdict:
    """A layer without a bias works, and gains none."""
    if case["bias"] or unusual_batch(case):
        return NOT_APPLICABLE
    y, size = want.base()
    base = shaped(seen, "y base", want)
    wrong = claims.close("y", base, y, want.bound(size), "with B = 0, a layer without a bias")
    if wrong and not like_twin(seen, "y base", base, want.bound(size)):
        return wrong
    adds = bool((share(seen, want) != 0).any()) or not bool(want.path()[0].any())
    drops = named(case)["dropout"] > 0  # which may leave nothing: that is `no_dropout_in_eval`'s
    if not adds and not drops and not like_twin(seen, "y", shaped(seen, "y", want), want.bound(size)):
        return Violation("Without a bias the adapter adds nothing.", want.scale, 0.0)
    pool = values_of(seen, "trainable")
    take(pool, seen["lora_A stored"])
    take(pool, seen["lora_B stored"])
    extra = [tuple(item.shape) for item in pool if item.dim() == 1]
    if extra and pool:
        return Violation(
            f"A layer without a bias gained a trainable parameter of shape {extra[0]}.", "none", str(extra[0])
        )
    return None


def like_twin(seen: Seen, name: str, value: Tensor, bound: Tensor) -> bool:
    """Whether the student's plain layer gives the same (see the probe): then other claims are about it."""
    plain = seen.values.get("twin")
    other = plain.get(name) if isinstance(plain, dict) else None
    if not isinstance(other, Tensor) or other.shape != value.shape:
        return False
    other = other.to(value.dtype)
    return claims.close(name, value, other, bound + 1e-6 * other.abs()) is None
