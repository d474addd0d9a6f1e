"""Dropout, decoded exactly from one structured call."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Experiment,
    Failure,
    NotSeen,
    Seen,
    Violation,
)
from graders.exercises.lora_with_bias.layer import (
    Verdict,
    exercise,
    layer,
    named,
    shaped,
    unusual_batch,
)


class Dropout(Experiment):
    """A layer whose output shows which inputs were dropped: A = [[1, 2, 4, 8]], B = 1, x = 1, alpha = rank.

    Above rank 1 the other rows of A and columns of B are 0.
    """

    id, probe, draws = "dropout", "dropout", 0.0
    notes = frozenset({
        "base", "all kept", "x grad without dropout", "A grad without dropout", "y", "x grad", "A grad", "y eval", "y again",
    })  # fmt: skip
    space = {"p": (0.25, 0.6, 0.95), "batch": ([4096],), "dtype": ("float32", "float64"), "single": (False, True), "rank": (1, 6), "bias": (True, False), "train_bias": (False, True)}  # fmt: skip
    base = {
        "p": 0.25,
        "batch": [4096],
        "dtype": "float32",
        "single": False,
        "rank": 1,
        "bias": True,
        "train_bias": False,
    }
    cover = (
        {"p": 0.6, "dtype": "float64"},
        {"p": 0.1, "batch": [64, 32]},
        {"p": 0.9, "batch": [2048]},
        {"p": 0.5, "batch": [128], "single": True},
        {"p": 0.95, "batch": [2048], "rank": 6},
        {"p": 0.5, "batch": [1024], "bias": False},
        {"p": 0.5, "batch": [1024], "train_bias": True},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        ones, rank = torch.ones, case["rank"]
        return {
            "W": torch.full((3, 4), 64.0), "b": torch.zeros(3) if case["bias"] else None, "dtype": case["dtype"], "single": case["single"],
            "A": torch.eye(rank, 1) @ torch.tensor([[1.0, 2.0, 4.0, 8.0]]), "B": ones(3, 1) @ torch.eye(1, rank),
            "x": ones(*case["batch"], 4), "named": {"rank": rank, "alpha": float(rank), "dropout": case["p"], "train_bias": case["train_bias"]},
            "call": "keywords", "frozen": [],
        }  # fmt: skip

    def blame(self, case: Case, failure: Failure) -> str:
        if not case["bias"]:
            return "no_bias"
        if case["train_bias"] and failure.step in ("creation", "forward without dropout"):
            return "bias_flag"
        if failure.step in ("creation", "copying values into the factors"):
            return "factors" if failure.step == "creation" else "factor_shapes"
        return (
            "follows_to" if case["dtype"] == "float64" and failure.step.startswith("forward") else "dropout"
        )

    def describe(self, case: Case) -> dict[str, Any]:
        bias = "bias 0" if case["bias"] else "no bias"
        return {"layer": f"nn.Linear(4, 3), every weight 64, {bias}", "rank": case["rank"], "alpha": float(case["rank"]), "dropout": case["p"], "train_bias": case["train_bias"],
                "lora_A": "[1, 2, 4, 8], then rows of 0", "lora_B": "a column of ones, then 0", "x": f"ones of shape {(*case['batch'], 4)}", "mode": "train"}  # fmt: skip


dropout_run = Dropout()


def without_dropout(seen: Seen) -> tuple[float, float]:
    """What the base path gives, and what a kept 1 adds to it, in the student's own layer without dropout: 256 and 1."""
    base, all_kept = seen["base"], seen["all kept"]
    for value in (base, all_kept):
        if not isinstance(value, Tensor) or value.shape != (1, 3) or not value.is_floating_point():
            raise NotSeen("a layer without dropout")
        if not bool(torch.isfinite(value).all()) or float(value.max() - value.min()) > 1e-3:
            raise NotSeen("a layer without dropout")
    low, high = float(base[0, 0]), float(all_kept[0, 0])
    unit = (high - low) / 15
    if abs(unit) < 1e-3:
        raise NotSeen("an adapter that adds something")
    return (256.0 if abs(low - 256) < 1e-3 else low), (1.0 if abs(unit - 1) < 1e-3 else unit)


def decode(value: Any, case: Case, base: float, unit: float) -> Tensor | Violation:
    """The mask (rows, 4) that the output shows, or what is wrong with it."""
    wrong = claims.tensor("y", value, shape=(*case["batch"], 3))
    if wrong:
        return wrong
    value = value.to(torch.float64).reshape(-1, 3)
    kept = (value - base) / unit * (1 - case["p"])
    bits = kept.round()
    if not bool(((kept - bits).abs() <= 0.01).all()) or float(bits.min()) < 0 or float(bits.max()) > 15:
        at = int(((kept - bits).abs() + 16 * ((bits < 0) | (bits > 15))).amax(1).argmax())
        return Violation(
            "In training mode the output is one that no choice of dropped inputs of the LoRA path gives.\n"
            f"y[{at}] is {[round(v, 4) for v in value[at].tolist()]}; the base path is untouched, and what is kept is divided by 1 - p.",
            f"{base:g} + {unit:g} * (a sum of some of 1, 2, 4, 8) / (1 - p)",
            value[at],
        )
    if not bool((bits == bits[:, :1]).all()):
        at = int((bits != bits[:, :1]).any(1).nonzero()[0])
        return Violation(
            f"Dropout acts on the output of the LoRA path, should act on its input.\ny[{at}] is {value[at].tolist()}.",
            "equal columns",
            value[at],
        )
    mask: Tensor = (bits[:, :1].long() >> torch.arange(4)) & 1
    return mask


@exercise.claim(
    dropout_run,
    points=2,
    sentence="Dropout acts on the input of the LoRA path only, only in training mode, with `nn.Dropout`'s scaling.",
    waits_on=("low_rank_path",),
)
def dropout(case: Case, seen: Seen, want: Any) -> Verdict:
    """In training mode inputs of the LoRA path are dropped, each with probability p."""
    base, unit = without_dropout(seen)
    mask, again = (decode(seen[name], case, base, unit) for name in ("y", "y again"))
    if isinstance(mask, Violation):
        return mask
    if isinstance(again, Violation):
        return again
    sums = (torch.stack([mask, again]) * torch.tensor([1, 2, 4, 8])).sum(2)  # (calls, rows)
    if bool((sums == 15).all()):
        return Violation("In training mode nothing is dropped.", f"a share of {case['p']} dropped", 0.0)
    if bool(((sums == 0) | (sums == 15)).all()):
        return Violation(
            "Rows of x are dropped as a whole, should be each input by itself.",
            "each input by itself",
            "whole rows",
        )
    if bool((sums == sums[:, :1]).all()):
        return Violation("In every row of x the same inputs are dropped.", "a mask for each row", "one mask")
    if len(case["batch"]) == 2:
        tokens = sums.reshape(2, *case["batch"])  # (calls, samples, tokens)
        if bool((tokens == tokens[..., :1]).all()):
            return Violation(
                "In every token of a sequence the same inputs are dropped.",
                "a mask for each token",
                "one mask",
            )
    if torch.equal(mask, again):
        return Violation(
            "A second call drops the same inputs as the first.", "a new mask at each call", "the same mask"
        )
    share = 1 - float(mask.to(torch.float64).mean())
    if not plausible(share, case["p"], mask.numel()):
        return Violation(
            f"A share of {share:.3f} of the inputs is dropped, should be {case['p']}.", case["p"], share
        )
    plain = seen["x grad without dropout"]
    bits = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64)
    through = base / 256 * 192
    if claims.close("", plain, (through + 3 * unit * bits)[None], 1e-3 * (1 + abs(through))) is not None:
        return None  # gradients that are wrong without dropout are `gradients`'
    grad = seen["x grad"]
    grad = grad.reshape(-1, 4) if isinstance(grad, Tensor) and grad.numel() == mask.numel() else grad
    truth = through + 3 * unit * mask.to(torch.float64) * bits / (1 - case["p"])
    wrong = claims.close("The gradient of x in training mode", grad, truth, 1e-3)
    return wrong or _factor_learns(case, seen, unit, mask)


def _factor_learns(case: Case, seen: Seen, unit: float, mask: Tensor) -> Violation | None:
    """The gradient of A's first row is that of the inputs that were kept; one that is wrong without dropout is `gradients`'."""
    plain, got = seen["A grad without dropout"], seen["A grad"]
    if not isinstance(plain, Tensor) or plain.shape != (case["rank"], 4):
        return None
    if claims.close("", plain[:1], torch.full((1, 4), 3 * unit, dtype=torch.float64), 1e-3) is not None:
        return None
    truth = 3 * unit * mask.to(torch.float64).sum(0, keepdim=True) / (1 - case["p"])
    got = got[:1] if isinstance(got, Tensor) and got.shape == plain.shape else got
    return claims.close(
        "The gradient of lora_A (its first row) in training mode", got, truth, 1e-4 * truth + 1e-3
    )


def plausible(share: float, p: float, count: int) -> bool:
    """Whether a binomial share has a tail of at least 1e-10 (Chernoff's bound, which is exact as a bound)."""
    terms = [(share, p), (1 - share, 1 - p)]
    divergence = sum(part * math.log(part / whole) for part, whole in terms if part > 0)
    return count * divergence <= math.log(2e10)


@exercise.also(layer, "dropout")
def base_path_stays(case: Case, seen: Seen, want: Any) -> Verdict:
    """With B = 0, training mode drops nothing: the base path is not the dropout's."""
    if not named(case)["dropout"] or not case["bias"] or unusual_batch(case) or bool(seen["lora_B"].any()):
        return NOT_APPLICABLE
    before, after = shaped(seen, "first eval", want), shaped(seen, "first train", want)
    bound = want.bound(2 * want.base()[1]) + 1e-6 * before.abs()
    return claims.close(
        "y", after, before, bound, "at creation, in train mode, the same as in evaluation mode"
    )


@exercise.also(dropout_run, "no_dropout_in_eval")
def nothing_dropped(case: Case, seen: Seen, want: Any) -> Verdict:
    """In evaluation mode every input is kept."""
    base, unit = without_dropout(seen)
    truth = torch.full((*case["batch"], 3), base + 15 * unit, dtype=torch.float64)
    return claims.close("y", seen["y eval"], truth, 1e-3, "in evaluation mode")
