"""What a new layer holds: its factors."""

from __future__ import annotations

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
    take,
    values_of,
)


@exercise.claim(
    layer,
    points=2,
    sentence="`lora_A` and `lora_B`: each is an `nn.Parameter`, or an `nn.Linear` without bias. Both are trainable.",
)
def factors(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_A and lora_B are trainable parameters."""
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
        if not take(values_of(seen, "trainable"), seen[f"{name} stored"]):
            return Violation(
                f"`{name}` is not among the trainable parameters of the layer.", "trainable", "not trainable"
            )
    return None


@exercise.claim(
    layer,
    points=1,
    sentence="`lora_A` has shape `(rank, in_features)`, `lora_B` has shape `(out_features, rank)`.",
)
def factor_shapes(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_A has shape (rank, in_features), lora_B (out_features, rank)."""
    if case["call"] != "keywords" or not case["bias"]:
        return NOT_APPLICABLE
    for name, like in (("lora_A", want.A), ("lora_B", want.B)):
        wrong = claims.tensor(f"`{name}`", seen[f"{name} stored"], shape=like.shape)
        if wrong:
            return wrong
    return None


@exercise.claim(layer, points=2, sentence="At creation B is all zeros.")
def b_zero(case: Case, seen: Seen, want: Any) -> Verdict:
    """lora_B starts as zeros."""
    B = seen["lora_B"]
    return claims.close("lora_B", B, torch.zeros_like(B, dtype=torch.float64), 0.0, "at creation")


@exercise.claim(layer, points=1, sentence="At creation A is random (its entries differ).")
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
    notes = frozenset({"y alone", "A of both", "y of both", "A of both set", "B of both set"})
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


pair = Pair()


@exercise.claim(pair, points=0.5, sentence="Each layer has its own factors.")
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
