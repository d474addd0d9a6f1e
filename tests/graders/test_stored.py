"""Stored cases: what the judge draws is read back as it was, and nothing else is taken."""

from __future__ import annotations

import json
from typing import Any

import pytest

from graders.exercise import Exercise, Experiment
from graders.judge.search import cover_cases, drawn_cases
from graders.stored import StoredCaseError, as_stored, read_stored
from tests.graders.grading import EXERCISES

ALL = list(EXERCISES.values())
EXPERIMENTS = [(exercise, experiment) for exercise in ALL for experiment in exercise.experiments]
GOOD: dict[str, Any] = {
    "exercise": "memory_calculation",
    "experiment": "estimate",
    "property": "weights",
    "case": {"size": 7, "lora_rank": 16, "lora_target_ratio": 0.1, "precision": "int8", "call": "keywords", "beside": None, "seed": 5},
}  # fmt: skip


@pytest.mark.parametrize(("exercise", "experiment"), EXPERIMENTS, ids=lambda item: item.id)
def test_every_case_is_read_back(exercise: Exercise, experiment: Experiment) -> None:
    """Every case that the judge draws goes through JSON and comes back the same."""
    cases = cover_cases(experiment, 3)
    if experiment.draws:
        cases += drawn_cases(experiment, 3, 30)
    claim = exercise.checks_in(experiment)[0][0]
    for case in cases:
        stored = read_stored(json.loads(json.dumps(as_stored(exercise, experiment, claim, case))), ALL)
        assert json.dumps(stored.case) == json.dumps(case)
        assert (stored.exercise.id, stored.experiment, stored.claim.id) == (exercise.id, experiment, claim)


def test_a_stored_case_holds_no_grading_seed() -> None:
    """The only seed in it is that of its contents, and has 16 bits, however long the grading seed is."""
    exercise, experiment = EXPERIMENTS[0]
    seed = 2**200 + 12345
    for case in cover_cases(experiment, seed):
        stored = as_stored(exercise, experiment, "scaling", case)
        assert str(seed) not in json.dumps(stored)
        assert 0 <= stored["case"]["seed"] < 2**16


def changed(**changes: Any) -> dict[str, Any]:
    """The good case, with changes to its parameters."""
    return {**GOOD, "case": {**GOOD["case"], **changes}}


BAD: dict[str, tuple[Any, str]] = {
    "no object": ([GOOD], "holds exercise, experiment, property, case"),
    "a field more": ({**GOOD, "x": 1}, "nothing else"),
    "unknown exercise": ({**GOOD, "exercise": "../../etc"}, 'exercise is "../../etc", should be one of lora_with_bias'),
    "exercise of another type": ({**GOOD, "exercise": ["a"]}, 'exercise is ["a"]'),
    "unknown experiment": ({**GOOD, "experiment": "layer"}, "should be one of estimate, refuse"),
    "unknown property": ({**GOOD, "property": "scaling"}, 'property is "scaling"'),
    "property of another experiment": ({**GOOD, "property": "invalid_sizes"}, 'property is "invalid_sizes"'),
    "case that is a list": ({**GOOD, "case": [1]}, "a case of estimate holds size"),
    "parameter missing": ({**GOOD, "case": {"size": 7}}, "a case of estimate holds size"),
    "parameter more": (changed(shape=[10**9]), "nothing else"),
    "huge": (changed(lora_rank=10**12), "lora_rank is 1000000000000, should be one of 16, 1, 2"),
    "true for 1": (changed(size=True), "size is true"),
    "1.0 for 1": (changed(lora_rank=1.0), "lora_rank is 1.0"),
    "text for a number": (changed(size="7"), 'size is "7"'),
    "not a number": (changed(lora_target_ratio=float("nan")), "lora_target_ratio is NaN"),
    "list for a number": (changed(size=[[[7]]]), "size is [[[7]]]"),
    "long text": (changed(precision="int" * 10**5), "..."),
    "seed too large": (changed(seed=65536), "seed is 65536, should be a whole number from 0 to 65535"),
    "seed true": (changed(seed=True), "seed is true"),
    "seed negative": (changed(seed=-1), "seed is -1"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_other_data_are_refused_in_one_line(name: str) -> None:
    """What the judge does not draw is refused, by one short line that says what is taken."""
    data, said = BAD[name]
    with pytest.raises(StoredCaseError) as refused:
        read_stored(data, ALL)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_the_good_one_is_taken() -> None:
    """What is changed above is fine as it is."""
    assert read_stored(GOOD, ALL).case == GOOD["case"]
