"""Pictures of exercise 3: the memory that differs, as bars."""

from __future__ import annotations

import math
from typing import Any

from graders.exercise import Case, Experiment, NotSeen, Seen
from graders.exercises.memory_calculation.estimate import FULL, LORA, estimate, near, number

SIDES = {"full_ft": (*FULL, "full_ft_total"), "lora": (*LORA, "lora_total")}
ABOUT = {
    "weights": ("full_ft",),
    "full_ft_gradients": ("full_ft",),
    "full_ft_optimizer": ("full_ft",),
    "lora_weights": ("lora",),
    "adapters": ("lora",),
    "lora_training": ("lora",),
    "trained_in_16_bits": ("full_ft", "lora"),
    "totals": ("full_ft", "lora"),
}


def picture(experiment: Experiment, case: Case, seen: Seen, property_id: str) -> dict[str, Any] | None:
    """Yours beside expected, for the sizes that differ on the sides that the claim is about."""
    if experiment is not estimate or property_id not in ABOUT:
        return None
    want = estimate.oracle(case, seen)
    rows = []
    for key in (key for side in ABOUT[property_id] for key in SIDES[side]):
        value = number(seen, key)
        if not math.isfinite(value):
            raise NotSeen(key)
        if not near(value, want[key]):
            rows.append({"label": key, "yours": value, "expected": float(want[key])})
    if len(rows) < 2:
        return None  # one pair of numbers is read faster than drawn
    return {"kind": "bars", "title": "Memory that differs in this case", "unit": "GB", "rows": rows}
