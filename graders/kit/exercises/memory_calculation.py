"""The recorded cases of `calculate_memory_requirements`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from graders.exercise import Case, Seen
from graders.exercises.memory_calculation.estimate import (
    KEYS,
    PRECISIONS,
    RELATIVE,
    TRAINED_KEYS,
    estimate,
    integer,
    lowest_adapters,
    refuse,
)
from graders.kit.recording import Fact, Recorded, drawn, fact, record

NEEDS = STEPS = ("calculate_memory_requirements",)
PROPERTY = {
    "full_ft_weights": "weights",
    "full_ft_gradients": "full_ft_gradients",
    "full_ft_optimizer": "full_ft_optimizer",
    "full_ft_total": "totals",
    "lora_weights": "lora_weights",
    "lora_adapters": "adapters",
    "lora_gradients": "lora_training",
    "lora_optimizer": "lora_training",
    "lora_total": "totals",
    "memory_savings_ratio": "ratio",
}
PARTS = ("full_ft_gradients", "full_ft_optimizer", "lora_weights", "adapters", "lora_training")
WAITS: Mapping[str, Sequence[str]] = {
    "weights": ("keys",),
    **dict.fromkeys(PARTS, ("weights",)),
    "lora_training": ("adapters",),
    "trained_in_16_bits": PARTS,
    "totals": (*PARTS, "trained_in_16_bits"),
    "ratio": ("totals",),
    "unknown_precision": ("keys",),
    "invalid_sizes": ("keys",),
}
ASKED: tuple[dict[str, Any], ...] = (
    {},
    {"call": "defaults"},
    {"size": 13, "precision": "float16"},
    {"size": 2.5, "precision": "bfloat16", "call": "positional"},
    {"size": 3, "precision": "int8", "lora_rank": 32},
    {"size": 65, "precision": "int4", "lora_target_ratio": 0.5},
    {"size": 1.5, "lora_rank": 4},
    {"size": 0.125, "lora_rank": 1, "lora_target_ratio": 0.02},
    {"size": 11, "lora_rank": 512, "lora_target_ratio": 1.0, "precision": "bfloat16"},
    {"size": 0.03, "lora_rank": 1024, "precision": "float16"},
    {"size": 405, "lora_rank": 64, "precision": "float16"},
    {"lora_rank": 12, "call": "rank only"},
    {"lora_target_ratio": 0.355},
    {"size": 0.00002, "lora_target_ratio": 0.5},
    {"size": 1200, "precision": "float16"},
    {"size": 80, "lora_rank": 64, "lora_target_ratio": 1.0},
    {"size": 3, "lora_rank": 6144, "lora_target_ratio": 1.0},
    {"size": 9, "lora_target_ratio": 0.0625, "precision": "bfloat16"},
    {"size": 40, "lora_rank": 8, "lora_target_ratio": 0.05, "precision": "int4", "call": "positional"},
    {"lora_rank": 32, "beside": [7, 4]},
    {"size": 34, "lora_rank": 5, "beside": [3, 45]},
)
REFUSED: tuple[dict[str, Any], ...] = (
    {"precision": "float8"},
    {"precision": "complex64", "size": 1},
    {"precision": "float64"},
    {"precision": "int2"},
    {"precision": "double"},
    {"precision": ""},
    {"precision": "float16x"},
    {"precision": "int80"},
    {"precision": "int04"},
    {"precision": "tf32"},
    {"precision": "float32", "lora_target_ratio": -2},
    {"precision": "float32", "lora_target_ratio": -0.003},
    {"precision": "float32", "size": 0},
    {"precision": "float16", "size": -2},
    {"precision": "float32", "lora_rank": -2},
    {"precision": "int8", "lora_target_ratio": -0.5},
    {"precision": "float16", "lora_rank": -2, "lora_target_ratio": -0.5},
    {"precision": "int2", "call": "positional"},
    {"precision": "float32", "lora_rank": -2, "call": "positional"},
    {"precision": "float16", "lora_target_ratio": -0.5, "call": "positional"},
)


def recorded() -> list[Recorded]:
    """The cases, plainest first."""
    asked = [drawn(estimate, changes) for changes in ASKED]
    refused = [drawn(refuse, changes) for changes in REFUSED]
    kinds: dict[str, Any] = {"steps": STEPS, "needs": NEEDS, "otherwise": "keys"}
    return [
        *(record(estimate, case, _facts(case), **kinds) for case in asked),
        *(record(refuse, case, _refusal(case), **kinds) for case in refused),
    ]


def _facts(case: Case) -> Iterator[Fact]:
    want = estimate.oracle(case, Seen({}))
    yield fact("nothing", "keys", "no dict")
    yield fact("nothing", "keys", "missing", says="The key `{}` is missing")
    yield fact("nothing", "keys", "all the same")
    for key in KEYS:
        name = PROPERTY[key]
        if integer(case) and key in TRAINED_KEYS:
            name = "trained_in_16_bits"
        low = want[key] * (1 - RELATIVE)
        if factor := TRAINED_KEYS.get(key):
            low = min(low, lowest_adapters(case, factor) * (1 - RELATIVE))
        if key in ("lora_total", "memory_savings_ratio"):  # the sum of four that may each be rounded down
            scale = 1 if key == "lora_total" else 1 / want["full_ft_total"]
            low = min(low, (want["lora_weights"] + lowest_adapters(case, 4)) * scale * (1 - RELATIVE))
        high = want[key] * (1 + RELATIVE)
        yield fact("within", name, ("values", key), f"`{key}`", want=want[key], low=low, high=high)
    yield from (
        fact("within", "keys", ("values", key), f"`{key}`", want=want[key], low=-1e300, high=1e300)
        for key in KEYS
    )


def _refusal(case: Case) -> Iterator[Fact]:
    if case["precision"] not in PRECISIONS:
        told = f"precision={case['precision']!r}"
        yield fact("raises", "unknown_precision", "raised", f"A call with `{told}`", want="ValueError")
        return
    name = "size" if case["size"] <= 0 else "lora_rank" if case["lora_rank"] < 0 else "lora_target_ratio"
    label = "model_params_billions" if name == "size" else name
    yield fact("raises", "invalid_sizes", "raised", f"A call with `{label}={case[name]}`", want="ValueError")
