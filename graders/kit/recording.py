"""Records an exercise's cases: inputs as the probes get them, and facts that hold of what a right answer makes of them.

The values come from the formulas that the claims compare with. Contents come from a seed of the kit's own, which is
written nowhere in the kit; that of a course has no part in it.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from torch import Tensor

from graders.exercise import Case, Exercise, Experiment, Failure
from graders.kit.checker.encoding import encoded
from graders.kit.checker.words import shown

KIT_SEED = "the kit of loralab, 1"
MOST_SHOWN = 64  # entries of an argument that are written out
LEAST_SECONDS = 10.0  # wall seconds that a case may take at least, on whatever machine

Fact = dict[str, Any]
Recorded = dict[str, Any]


def fact(kind: str, property_id: str, at: str | Sequence[str | int], name: str = "", **more: Any) -> Fact:
    """One fact; `at` is where its value stands among those seen."""
    path = [at] if isinstance(at, str) else list(at)
    return {"kind": kind, "property": property_id, "at": path, "name": name or str(path[-1]), **more}


def drawn(experiment: Experiment, changes: Mapping[str, Any], number: int = 0) -> Case:
    """The base case with changes and contents of the kit's own; `number` tells apart equal ones."""
    case = {**experiment.base, **changes}
    text = f"{KIT_SEED} {experiment.id} {sorted(case.items())!r} {number}"
    return {**case, "seed": int.from_bytes(hashlib.sha256(text.encode()).digest()[:2], "little")}


def record(
    experiment: Experiment,
    case: Case,
    facts: Iterable[Fact],
    *,
    steps: Sequence[str],
    needs: Sequence[str],
    otherwise: str,
    seconds: float = 0.0,
) -> Recorded:
    """One case. `steps` are those in which code may raise; `otherwise` is blamed where no claim is."""
    blame = {
        step: experiment.blame(case, Failure("raised", step, "", "")) or otherwise for step in ("", *steps)
    }
    return {
        "probe": experiment.probe,
        "arguments": experiment.arguments(case),
        "seed": 1,
        "seconds": max(LEAST_SECONDS, seconds or 3 * experiment.limit(case)),
        "needs": list(needs),
        "input": {name: words(value) for name, value in experiment.describe(case).items()},
        "blame": blame,
        "facts": list(facts),
    }


def words(value: Any) -> str:
    """An argument in words."""
    return shown(value, MOST_SHOWN) if isinstance(value, Tensor) else str(value)


def exercise_record(exercise: Exercise) -> Mapping[str, Any]:
    """All that the kit says of an exercise, as JSON."""
    module = importlib.import_module(f"graders.kit.exercises.{exercise.id}")
    recorded: Callable[[], list[Recorded]] = module.recorded
    waits: Mapping[str, Sequence[str]] = module.WAITS
    cases = recorded()
    checked = {item["property"] for case in cases for item in case["facts"]}
    properties = [
        {
            "id": claim.id,
            "title": claim.title,
            "sentence": claim.sentence,
            "function": claim.function,
            "waits_on": sorted({*claim.waits_on, *waits.get(claim.id, ())} & checked),
        }
        for claim in exercise.properties
        if claim.id in checked
    ]
    return {
        "exercise": exercise.id,
        "title": exercise.title,
        "order": exercise.order,
        "defines": list(exercise.defines),
        "properties": properties,
        "cases": encoded(cases),
    }
