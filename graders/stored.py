"""A stored case: one case of one claim as JSON-able data, written into reports and read back to be asked again.

    {"exercise": id, "experiment": id, "property": id, "case": {parameter: value, ...}}

What is read may be anybody's: only values that the judge itself draws are taken, so that no size is larger than its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graders.exercise import Case, Exercise, Experiment, Property

FIELDS = ("exercise", "experiment", "property", "case")
MOST_SEED = 65535


class StoredCaseError(ValueError):
    """Data that are no stored case; the message is one line that says why."""


@dataclass(frozen=True)
class StoredCase:
    """A case, where it belongs, and the claim that it is about."""

    exercise: Exercise
    experiment: Experiment
    claim: Property
    case: Case


def as_stored(exercise: Exercise, experiment: Experiment, property_id: str, case: Case) -> dict[str, Any]:
    """A case as JSON-able data. It holds the seed of its own contents and nothing of the grading seed."""
    values = (exercise.id, experiment.id, property_id, dict(case))
    return dict(zip(FIELDS, values, strict=True))


def read_stored(data: Any, exercises: Sequence[Exercise]) -> StoredCase:
    """The case that the data describe. Raises StoredCaseError where there is none."""
    if not isinstance(data, Mapping) or set(data) != set(FIELDS):
        raise StoredCaseError(f"a stored case holds {', '.join(FIELDS)}, and nothing else")
    exercise = _find("exercise", data["exercise"], exercises)
    experiment = _find("experiment", data["experiment"], exercise.experiments)
    claims = {name for name, _ in exercise.checks_in(experiment)}
    claim = _find("property", data["property"], [item for item in exercise.properties if item.id in claims])
    return StoredCase(exercise, experiment, claim, _case(data["case"], experiment))


def _find(what: str, name: Any, among: Iterable[Any]) -> Any:
    """The one of this id."""
    ids = {item.id: item for item in among}
    if not isinstance(name, str) or name not in ids:
        raise StoredCaseError(f"{what} is {_short(name)}, should be one of {', '.join(ids)}")
    return ids[name]


def _case(case: Any, experiment: Experiment) -> Case:
    """The case, if each of its values is one that the judge draws for that parameter."""
    parameters = [*dict.fromkeys([*experiment.base, *experiment.space]), "seed"]
    if not isinstance(case, Mapping) or set(case) != set(parameters):
        raise StoredCaseError(f"a case of {experiment.id} holds {', '.join(parameters)}, and nothing else")
    seed = case["seed"]
    if type(seed) is not int or not 0 <= seed <= MOST_SEED:
        raise StoredCaseError(f"seed is {_short(seed)}, should be a whole number from 0 to {MOST_SEED}")
    for name in parameters[:-1]:
        known = _drawn(experiment, name)
        if json.dumps(case[name]) not in known:
            raise StoredCaseError(f"{name} is {_short(case[name])}, should be one of {', '.join(known)}")
    return dict(case)


def _drawn(experiment: Experiment, name: str) -> list[str]:
    """The values that the judge draws for a parameter, as JSON, which tells 1 from 1.0 and true."""
    values = [
        *experiment.space.get(name, ()),
        *(change[name] for change in experiment.cover if name in change),
    ]
    if name in experiment.base:
        values.append(experiment.base[name])
    return list(dict.fromkeys(json.dumps(value) for value in values))


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
