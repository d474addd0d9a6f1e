"""Other dtypes and devices."""

from __future__ import annotations

from typing import Any

import torch

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Experiment,
    Failure,
    Seen,
    Violation,
)
from graders.exercises.lora_with_bias.layer import (
    Verdict,
    exercise,
    layer,
    named,
    own,
    shaped,
    unusual_batch,
)


@exercise.claim(
    layer,
    points=1,
    sentence="After `.to(device=..., dtype=...)` it works on that device and in that dtype.",
    waits_on=("low_rank_path",),
)
def follows_to(case: Case, seen: Seen, want: Any) -> Verdict:
    """After .to(...) the layer works in that dtype and on that device."""
    if case["dtype"] != "float64" or not case["bias"] or unusual_batch(case) or named(case)["dropout"]:
        return NOT_APPLICABLE
    wrong = claims.tensor("y", seen["y"], dtype=torch.float64)
    if wrong:
        return wrong
    mine = own(seen, want)
    y, size, lora = mine.output()
    exact = float(torch.tensor(want.scale, dtype=torch.float32)) == want.scale
    return claims.close(
        "y", shaped(seen, "y", want), y, mine.bound(size, None if exact else lora, 2.0**-53), "in float64"
    )


class Moves(Experiment):
    """Where everything is after `.to("meta")`."""

    id, probe, draws = "moves", "moves", 0.0
    notes = frozenset({"devices", "trainable devices"})
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
