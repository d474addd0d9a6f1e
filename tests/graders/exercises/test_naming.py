"""The names of mistakes, on submissions by people who did not know the library of mistakes."""

from dataclasses import replace
from pathlib import Path

import pytest

from graders.exercise import Exercise
from graders.judge.box import Box
from graders.judge.reading import Submission
from tests.graders.grading import EXERCISES, SUBMISSIONS, label_of, named, submissions

NAMING = [exercise for exercise in EXERCISES.values() if exercise.naming is not None]
RECALL = 0.95  # of the submissions with a named mistake


def submission_of(exercise: Exercise, path: Path) -> Submission:
    """A file as if somebody had handed it in."""
    return Submission("somebody", "lora_theory", {f"{exercise.id}.py": path.read_bytes()})


def affordable(exercise: Exercise, paths: list[Path]) -> tuple[Exercise, list[Path]]:
    """One of eight submissions; where a telling case trains, one of sixty, with fewer epochs. `make bank` names all."""
    assert exercise.naming is not None
    if not any("epochs" in case for _, case in exercise.naming.telling):
        return exercise, paths[::8]
    short = [
        (experiment, {**case, "epochs": [3, 3, 11]} if "epochs" in case else case)
        for experiment, case in exercise.naming.telling
    ]
    return replace(exercise, naming=replace(exercise.naming, telling=short)), paths[::60]


@pytest.mark.parametrize("exercise", NAMING, ids=lambda exercise: exercise.id)
def test_mistakes_are_named_rightly_or_not_at_all(exercise: Exercise, box: Box) -> None:
    """No submission with a named mistake gets another name, and nearly all get theirs."""
    right, silent, wrong = 0, [], []
    labels = {
        path: label_of(path) for exercise_id, path in submissions("wrong") if exercise_id == exercise.id
    }
    exercise, paths = affordable(exercise, [path for path, label in labels.items() if label != "unnamed"])
    for path in paths:
        wanted = set(labels[path].split(" + "))
        found = named(exercise, submission_of(exercise, path), box)
        right += found == wanted
        if not found:
            silent.append(path.stem)
        elif found != wanted:
            wrong.append((path.stem, wanted, found))

    assert not wrong
    assert right >= RECALL * (right + len(silent)), silent


@pytest.mark.parametrize("exercise", NAMING, ids=lambda exercise: exercise.id)
def test_a_correct_submission_has_no_mistake(exercise: Exercise, box: Box) -> None:
    """Nothing is named in what is right."""
    exercise, paths = affordable(
        exercise, [path for exercise_id, path in submissions("correct") if exercise_id == exercise.id]
    )

    assert [path.stem for path in paths if named(exercise, submission_of(exercise, path), box)] == []


@pytest.mark.parametrize("exercise", NAMING, ids=lambda exercise: exercise.id)
def test_every_mistake_has_a_variant_and_a_hint(exercise: Exercise) -> None:
    """Each variant belongs to a mistake, each mistake has one, and no hint is empty."""
    assert exercise.naming is not None
    assert {variant.partition(": ")[0] for variant in exercise.naming.variants} == set(
        exercise.naming.mistakes
    )
    assert all(mistake.hint and mistake.title for mistake in exercise.naming.mistakes.values())


@pytest.mark.parametrize(
    "name",
    ["adapters_frozen_name_typo", "all_patterns_have_to_match", "bias_none_crashes", "nested_parent_bug_setattr_root"],
)  # fmt: skip
def test_an_injection_that_stops_the_comparison_is_named_all_the_same(name: str, box: Box) -> None:
    """Where the comparison's first call raises for the injection's mistake, or trains with it, the mistake has its name."""
    exercise, _ = affordable(EXERCISES["selective_injection"], [])
    path = SUBMISSIONS / "selective_injection" / "wrong" / f"{name}.py"

    assert named(exercise, submission_of(exercise, path), box) == {label_of(path)}
