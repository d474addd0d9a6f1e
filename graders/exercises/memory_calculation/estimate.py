"""Exercise 3: memory for full fine-tuning and for LoRA.

Each value may be right by itself or in proportion to the student's own weights, so that a wrong unit or a wrong
width is paid for once, by `weights`; sums and the ratio are compared with the student's own parts.
"""

from __future__ import annotations

import math
from typing import Any

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
from lora_reference import calculate_memory_requirements

exercise = Exercise("memory_calculation", "Memory requirements", ("calculate_memory_requirements",), order=3)
Verdict = Violation | NotApplicable | None

FULL = ("full_ft_weights", "full_ft_gradients", "full_ft_optimizer")
LORA = ("lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer")
KEYS = (*FULL, "full_ft_total", *LORA, "lora_total", "memory_savings_ratio")
PRECISIONS = ("float32", "float16", "bfloat16", "int8", "int4")
TRAINED = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 2, "int4": 2}  # t, bytes
DEFAULTS = {"lora_rank": 16, "lora_target_ratio": 0.1, "precision": "float32"}
RELATIVE = 1e-5


class Estimate(Experiment):
    """Ask for the memory of one model."""

    id, probe, cpu_seconds, least_drawn = "estimate", "estimate", 2.0, 0.2
    space = {
        "size": (1, 7, 2.5, 13, 70, 0.125, 175, 7.0, 1.3, 0.01, 1500, 0.00001),
        "lora_rank": (16, 1, 2, 8, 7, 64, 256, 1024, 8192),
        "lora_target_ratio": (0.1, 1.0, 0.5, 0.25, 0.01, 1, 0.125, 0.29, 0.0037),
        "precision": PRECISIONS,
        "call": ("keywords", "positional", "rank only", "defaults"),
        "beside": (None, None, None, None, [7, 64], [1, 32]),  # size and rank of a call before it and after
    }
    base = {"size": 7, **DEFAULTS, "call": "keywords", "beside": None}
    cover = (
        {"call": "defaults"},
        {"size": 1, "call": "defaults"},
        {"precision": "float16"},
        {"precision": "bfloat16", "call": "positional"},
        {"precision": "int8"},
        {"precision": "int4"},
        {"precision": "int8", "size": 13, "lora_rank": 8, "lora_target_ratio": 0.5},
        {"precision": "int4", "size": 70, "lora_rank": 64},
        {"size": 2.5, "lora_rank": 8},
        {"size": 0.125, "lora_rank": 1, "lora_target_ratio": 0.01},
        {"lora_rank": 1, "precision": "float16"},
        {"lora_rank": 256, "lora_target_ratio": 1.0},
        {"lora_target_ratio": 0.25, "precision": "bfloat16"},
        {"size": 175, "lora_rank": 7},
        {"size": 1.3, "precision": "float16"},
        {"size": 1.3, "precision": "bfloat16", "lora_rank": 8},
        {"size": 0.01, "lora_rank": 1024},
        {"lora_rank": 8, "call": "rank only"},
        {"lora_target_ratio": 0.125},
        {"lora_target_ratio": 0.29, "lora_rank": 8},
        {"size": 13, "lora_target_ratio": 0.0037, "precision": "float16"},
        {"size": 0.00001, "lora_target_ratio": 0.5},
        {"size": 1500, "precision": "bfloat16"},
        {"size": 70, "lora_rank": 64, "lora_target_ratio": 1.0},
        {"lora_rank": 8192, "lora_target_ratio": 1.0},
        {"lora_rank": 8192, "lora_target_ratio": 0.5, "precision": "float16"},
        {"lora_rank": 8, "beside": [7, 64]},
        {"size": 13, "lora_rank": 2, "beside": [1, 32]},  # 13 and 2 have the digits of 1 and 32
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        given, style = written(case)
        sent = {"size": case["size"], "named": given, "keys": list(KEYS), "call": style}
        return {**sent, "beside": case["beside"]}

    def unsaid(self, case: Case, seen: Seen) -> bool:
        values, missing = seen.values.get("values"), seen.values.get("missing")
        if "returned" in seen:
            return False
        return (
            not isinstance(values, dict)
            or not isinstance(missing, list)
            or not set(KEYS) <= {*values, *map(str, missing)}
        )

    def oracle(self, case: Case, seen: Seen) -> dict[str, float]:
        return calculate_memory_requirements(case["size"], **named(case))

    def blame(self, case: Case, failure: Failure) -> str:
        return "keys"

    def describe(self, case: Case) -> dict[str, Any]:
        shown = {"model_params_billions": case["size"], **written(case)[0]}
        if case["beside"]:
            shown["another call before and after"] = beside(case)
        return shown

    def traits(self, case: Case) -> dict[str, Any]:
        return {"model_params_billions": case["size"], **named(case)}


def beside(case: Case) -> str:
    """The other call that is made before this one and after, as Python."""
    size, rank = case["beside"]
    return f"calculate_memory_requirements({size!r}, lora_rank={rank!r})"


def named(case: Case) -> dict[str, Any]:
    """The named arguments that the call uses, given or by default."""
    return {**DEFAULTS, **written(case)[0]}


def written(case: Case) -> tuple[dict[str, Any], str]:
    """The arguments that the call writes after the size, and how: by keywords, by position, or not at all."""
    if case["call"] == "defaults":
        return {}, "keywords"
    if case["call"] == "rank only":
        return {"lora_rank": case["lora_rank"]}, "positional"
    return {name: case[name] for name in DEFAULTS}, case["call"]


estimate = Estimate()


# --- comparing ---------------------------------------------------------------------------------------------


def number(seen: Seen, key: str) -> float:
    """The student's value under a key. Raises NotSeen where there is no real number."""
    value = seen["values"].get(key) if isinstance(seen["values"], dict) else None
    if same_everywhere(seen):
        raise NotSeen("an answer")
    if type(value) is bool or not isinstance(value, (int, float)):
        raise NotSeen(key)
    return float(value)


def same_everywhere(seen: Seen) -> bool:
    """Whether every key has the same value: then none of them is an answer."""
    values = seen["values"]
    return (
        isinstance(values, dict) and len(values) > 1 and len({repr(value) for value in values.values()}) == 1
    )


def near(value: float, want: float, lowest: float | None = None) -> bool:
    """`value` is `want` to a relative 1e-5, or lies between `lowest` and it."""
    least = want if lowest is None else lowest
    return math.isfinite(value) and least * (1 - RELATIVE) <= value <= want * (1 + RELATIVE)


def lowest_adapters(case: Case, factor: float) -> float:
    """`factor` x P, with P rounded down and one parameter allowed for rounding, in GB."""
    use = named(case)
    count = case["size"] * 1e9 * use["lora_target_ratio"] * 2 * use["lora_rank"] / 4096
    return max(0.0, float(math.floor(count) - 1)) * factor * TRAINED[use["precision"]] / 1e9


def off(key: str, value: float, want: float) -> Violation:
    """The message about one wrong value."""
    ratio = f" ({value / want:.4g} times as much)" if want and value > 0 and math.isfinite(value) else ""
    return Violation(f"`{key}` is {value:.6g}, should be {want:.6g}{ratio}.", {key: want}, {key: value})


def right(
    case: Case, seen: Seen, want: dict[str, float], key: str, lowest: float | None = None
) -> Violation | None:
    """The value is right, or in the right proportion to the student's own weights."""
    value = number(seen, key)
    if near(value, want[key], lowest):
        return None
    weights = number(seen, "full_ft_weights")
    if weights > 0 and math.isfinite(weights):
        scale = want["full_ft_weights"] / weights
        if near(value * scale, want[key], lowest):
            return None
    return off(key, value, want[key])


def integer(case: Case) -> bool:
    """Whether the weights are integers, which are trained in 16 bits."""
    return named(case)["precision"] in ("int8", "int4")


@exercise.claim(
    estimate, points=1, sentence="The ten keys; extra keys are allowed, and any real number type."
)
def keys(case: Case, seen: Seen, want: Any) -> Verdict:
    """The result holds the ten keys, each with a number."""
    if "returned" in seen:
        kind = claims.kind_of(seen["returned"])
        return Violation(f"calculate_memory_requirements returned {kind}, should be a dict.", "a dict", kind)
    missing = seen["missing"]
    if not isinstance(missing, list) or not isinstance(seen["values"], dict):
        raise NotSeen("values")
    if missing:
        return Violation(
            f"The key `{missing[0]}` is missing.", list(KEYS), [key for key in KEYS if key not in missing]
        )
    for key in KEYS:
        value = seen["values"].get(key)
        if type(value) is bool or not isinstance(value, (int, float)):
            return Violation(
                f"`{key}` is {claims.kind_of(value)}, should be a number.", "a number", claims.kind_of(value)
            )
    if same_everywhere(seen):
        return Violation("All ten values of the result are the same.", want, seen["values"][KEYS[0]])
    later = seen.values.get("values after another call", seen["values"])
    if changed := [key for key in KEYS if repr(later.get(key)) != repr(seen["values"][key])]:
        says = "A result that was returned changes when the function is called again"
        key = changed[0]
        return Violation(f"{says}: `{key}`.", {key: seen["values"][key]}, {key: later.get(key)})
    return None


@exercise.claim(estimate, points=3, sentence="`full_ft_weights` is N b bytes, divided by 1e9.")
def weights(case: Case, seen: Seen, want: Any) -> Verdict:
    """The weights take N b bytes, in GB of 1e9 bytes."""
    value = number(seen, "full_ft_weights")
    return (
        None
        if near(value, want["full_ft_weights"])
        else off("full_ft_weights", value, want["full_ft_weights"])
    )


@exercise.claim(estimate, points=2, sentence="`full_ft_gradients` is N t bytes, divided by 1e9.")
def full_ft_gradients(case: Case, seen: Seen, want: Any) -> Verdict:
    """Full fine-tuning keeps one gradient for each parameter."""
    return NOT_APPLICABLE if integer(case) else right(case, seen, want, "full_ft_gradients")


@exercise.claim(
    estimate, points=2, sentence="`full_ft_optimizer` is 2 N t bytes (Adam's two moments), divided by 1e9."
)
def full_ft_optimizer(case: Case, seen: Seen, want: Any) -> Verdict:
    """Full fine-tuning keeps Adam's two moments for each parameter."""
    return NOT_APPLICABLE if integer(case) else right(case, seen, want, "full_ft_optimizer")


@exercise.claim(estimate, points=1, sentence="`lora_weights` is N b bytes, divided by 1e9.")
def lora_weights(case: Case, seen: Seen, want: Any) -> Verdict:
    """LoRA keeps all of the weights in memory."""
    return right(case, seen, want, "lora_weights")


@exercise.claim(
    estimate,
    points=3,
    sentence="`lora_adapters` is P t bytes, divided by 1e9, with P = N * `lora_target_ratio` * 2 * `lora_rank` / 4096.",
)
def adapters(case: Case, seen: Seen, want: Any) -> Verdict:
    """The adapters are the two factors of the targeted weights."""
    if integer(case):
        return NOT_APPLICABLE
    return right(case, seen, want, "lora_adapters", lowest_adapters(case, 1))


@exercise.claim(
    estimate,
    points=2,
    sentence="`lora_gradients` is P t bytes and `lora_optimizer` 2 P t bytes, divided by 1e9.",
)
def lora_training(case: Case, seen: Seen, want: Any) -> Verdict:
    """LoRA keeps gradients and Adam's moments for the adapters only."""
    if integer(case):
        return NOT_APPLICABLE
    own = number(seen, "lora_adapters")
    for key, factor in (("lora_gradients", 1), ("lora_optimizer", 2)):
        value = number(seen, key)
        wrong = right(case, seen, want, key, lowest_adapters(case, factor))
        if wrong and not (own > 0 and near(value, factor * own)):
            return wrong
    return None


TRAINED_KEYS = {
    "full_ft_gradients": 0,
    "full_ft_optimizer": 0,
    "lora_adapters": 1,
    "lora_gradients": 1,
    "lora_optimizer": 2,
}


@exercise.claim(
    estimate,
    points=1,
    sentence="Integers cannot be trained, so what is trained is kept in t = max(b, 2) bytes.",
)
def trained_in_16_bits(case: Case, seen: Seen, want: Any) -> Verdict:
    """At int8 and int4, what is trained takes 2 bytes a value."""
    if not integer(case):
        return NOT_APPLICABLE
    at_float16 = seen["at float16"]
    present = [key for key in TRAINED_KEYS if key in seen["values"]]
    if not present or not isinstance(at_float16, dict):
        raise NotSeen("what is trained")
    for key in present:
        value, own, factor = number(seen, key), at_float16.get(key), TRAINED_KEYS[key]
        if near(value, want[key], lowest_adapters(case, factor) if factor else None):
            continue
        if not isinstance(own, float) or not near(
            value, own
        ):  # what is wrong at float16 too was paid for there
            return off(key, value, want[key])
    return None


@exercise.claim(
    estimate, points=2, sentence="`full_ft_total` is the sum of the three, `lora_total` the sum of the four."
)
def totals(case: Case, seen: Seen, want: Any) -> Verdict:
    """Each total is the sum of its parts."""
    for key, parts in (("full_ft_total", FULL), ("lora_total", LORA)):
        total = number(seen, key)
        if near(total, want[key]):
            continue
        own = [number(seen, part) for part in parts]
        if not near(total, sum(own)) or total <= 0:
            return off(key, total, sum(own)) if sum(own) > 0 else off(key, total, want[key])
    return None


@exercise.claim(
    estimate, points=1, sentence="`memory_savings_ratio` is `lora_total / full_ft_total` (a plain ratio)."
)
def ratio(case: Case, seen: Seen, want: Any) -> Verdict:
    """The ratio is LoRA's total divided by full fine-tuning's."""
    value = number(seen, "memory_savings_ratio")
    if near(value, want["memory_savings_ratio"]):
        return None
    lora, full = number(seen, "lora_total"), number(seen, "full_ft_total")
    if lora > 0 and full > 0 and near(value, lora / full):
        return None
    return off(
        "memory_savings_ratio", value, lora / full if lora > 0 and full > 0 else want["memory_savings_ratio"]
    )


# --- what must be refused ----------------------------------------------------------------------------------


class Refuse(Experiment):
    """Arguments that must raise ValueError."""

    id, probe, cpu_seconds, draws = "refuse", "refuse", 2.0, 0.0
    notes = frozenset({"second call", "raised"})
    space = {
        "size": (7, 0, -1, -0.5),
        "lora_rank": (16, -1, -8),
        "lora_target_ratio": (0.1, -0.1, -1.0, -1, -0.004),
        "precision": (
            *PRECISIONS,
            "banana",
            "float64",
            "int2",
            "complex64",
            "float8",
            "int",
            "",
            "float32x",
            "float160",
            "int88",
            "xint8",
            "int08",
            "tf32",
        ),
        "call": ("keywords", "positional"),
    }
    base = {"size": 7, **DEFAULTS, "precision": "banana", "call": "keywords"}
    cover = (
        {"precision": "float64"},
        {"precision": "int2"},
        {"precision": "complex64"},
        {"precision": "float8", "size": 1},
        {"precision": "int"},
        {"precision": ""},
        {"precision": "float32x"},
        {"precision": "float160"},
        {"precision": "int88"},
        {"precision": "xint8"},
        {"precision": "int08"},
        {"precision": "tf32"},
        {"precision": "float32", "size": 0},
        {"precision": "float16", "size": -1},
        {"precision": "bfloat16", "size": -0.5},
        {"precision": "float32", "lora_rank": -1},
        {"precision": "int8", "lora_rank": -8},
        {"precision": "float32", "lora_target_ratio": -0.1},
        {"precision": "int4", "lora_target_ratio": -1.0},
        {"precision": "float32", "lora_target_ratio": -1},
        {"precision": "bfloat16", "lora_target_ratio": -0.004},
        {"precision": "float32", "lora_rank": -8, "lora_target_ratio": -1.0},
        {"precision": "float32", "size": -1, "lora_rank": -8},
        {"precision": "float64", "call": "positional"},
        {"precision": "float32", "size": -1, "call": "positional"},
        {"precision": "float32", "lora_rank": -8, "call": "positional"},
        {"precision": "float32", "lora_target_ratio": -0.1, "call": "positional"},
    )

    def arguments(self, case: Case) -> dict[str, Any]:
        named = {name: case[name] for name in DEFAULTS}
        return {"size": case["size"], "named": named, "keys": list(KEYS), "call": case["call"]}

    def blame(self, case: Case, failure: Failure) -> str:
        return "invalid_sizes" if case["precision"] in PRECISIONS else "unknown_precision"

    def describe(self, case: Case) -> dict[str, Any]:
        return {"model_params_billions": case["size"], **{name: case[name] for name in DEFAULTS}}

    def traits(self, case: Case) -> dict[str, Any]:
        return self.describe(case)


refuse = Refuse()


def _refused(seen: Seen, what: str) -> Violation | None:
    if seen["answers"] is not True:
        raise NotSeen("a result for sensible arguments")
    raised = seen["raised"]
    if raised == "ValueError":
        return None
    got = f"raised {raised[:60]}" if isinstance(raised, str) and raised else "returned a result"
    again = ", made a second time," if seen["second call"] is True else ""
    return Violation(f"A call with `{what}`{again} {got}, should raise ValueError.", "ValueError", got)


def _valid(case: Case) -> bool:
    return bool(case["size"] > 0 and case["lora_rank"] >= 0 and case["lora_target_ratio"] >= 0)


@exercise.claim(
    refuse,
    points=1,
    sentence="The five names are the only precisions: any other string raises `ValueError`.",
)
def unknown_precision(case: Case, seen: Seen, want: Any) -> Verdict:
    """A precision that does not exist raises ValueError."""
    if case["precision"] in PRECISIONS or not _valid(case):
        return NOT_APPLICABLE
    return _refused(seen, f"precision={case['precision']!r}")


@exercise.claim(
    refuse,
    points=1,
    sentence="`ValueError` too for a model size that is not positive or a negative rank or ratio.",
)
def invalid_sizes(case: Case, seen: Seen, want: Any) -> Verdict:
    """A size that is not positive, a negative rank or ratio raise ValueError."""
    if case["precision"] not in PRECISIONS or _valid(case):
        return NOT_APPLICABLE
    name = "size" if case["size"] <= 0 else "lora_rank" if case["lora_rank"] < 0 else "lora_target_ratio"
    label = "model_params_billions" if name == "size" else name
    return _refused(seen, f"{label}={case[name]}")
