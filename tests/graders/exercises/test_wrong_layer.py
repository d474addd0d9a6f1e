"""The wrong reference of exercise 1: what it shows, and what it is compared with."""

from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from graders.exercise import Case, Experiment, Failure, Seen
from graders.exercises.lora_with_bias.beside import Beside, Factory
from graders.exercises.lora_with_bias.mistakes import TELLING, VARIANTS, naming, ways
from graders.exercises.lora_with_bias.wrong_layer import Ways
from graders.grade import reference_submission
from graders.judge.diagnosis import name_mistakes
from graders.worker.probes import lora_with_bias as probes


class Noted(dict[str, Any]):
    """What a probe sees."""

    step = ""

    def at(self, step: str) -> None:
        self.step = step


def look(experiment: Experiment, case: Case, module: Any) -> Seen:
    """What a probe sees of a module, as the judge gets it."""
    noted, failure = Noted(warnings=[]), None
    torch.manual_seed(case["seed"])
    try:
        getattr(probes, experiment.probe)(module, experiment.arguments(case), noted)
    except Exception as error:
        failure = Failure("raised", noted.step, type(error).__name__, str(error))
    return Seen(noted, failure)


def reference() -> ModuleType:
    """The reference solution, as a module."""
    module = ModuleType("reference")
    exec(reference_submission("lora_theory").files["lora_with_bias.py"], module.__dict__)
    return module


def names(*variants: str) -> set[str]:
    """The mistakes that are named in a layer with these variants."""
    chosen = ways(frozenset(variants))
    found = name_mistakes(naming, lambda experiment, case: look(experiment, case, Factory(chosen, Seen({}))))
    return {mistake.id for mistake in found}


def test_without_a_mistake_it_shows_what_the_reference_solution_shows() -> None:
    """The wrong reference with nothing wrong agrees with the reference solution in every telling case."""
    for experiment, case in TELLING:
        assert Beside(experiment, case, look(experiment, case, reference())).shows(Ways()), case


@pytest.mark.parametrize("number", range(len(TELLING)))
def test_everything_that_was_seen_counts(number: int) -> None:
    """A hypothesis is given up when any one thing that was seen is different, missing, or one too many."""
    experiment, case = TELLING[number]
    seen = dict(look(experiment, case, reference()).values)

    def shown(values: dict[str, Any]) -> bool:
        return Beside(experiment, case, Seen(values)).shows(Ways())

    by_chance = ("warnings", "A grad")  # a sum over what was dropped: only its form is compared
    unlike = {name: different(value) for name, value in seen.items() if name not in by_chance}
    assert [name for name, value in unlike.items() if shown({**seen, name: value})] == []
    assert [name for name in unlike if shown({other: seen[other] for other in seen if other != name})] == []
    assert not shown({**seen, "more": 1})


def different(value: Any) -> Any:
    """Something else than `value`, by little."""
    if isinstance(value, list):
        return [*value, "one more"]
    if isinstance(value, Tensor) and value.numel():
        return value * 1.001 if bool(value.any()) else value + 1e-6
    if isinstance(value, Tensor):
        return value.reshape(-1)[:0].reshape(0, 1, 1)
    return "other"


@pytest.mark.parametrize("mistake", naming.mistakes)
def test_no_other_mistake_shows_the_same(mistake: str) -> None:
    """A mistake, made in its first way, is named, so that no way of another mistake shows what it shows."""
    assert names(next(variant for variant in VARIANTS if variant.partition(": ")[0] == mistake)) == {mistake}


@pytest.mark.parametrize(
    "pair",
    [
        ("scaling-inverted", "dropout-in-eval"),
        ("b-not-zero", "crashes-without-bias: trained"),
        ("dropout-ignored", "factors-shared: B"),
        ("bias-added-twice", "factors-frozen: A"),
    ],
)
def test_two_mistakes_are_both_named(pair: tuple[str, str]) -> None:
    """A layer with two mistakes that do not hide each other gets both names."""
    assert names(*pair) == {variant.partition(": ")[0] for variant in pair}


def test_three_mistakes_are_not_named() -> None:
    """What needs three mistakes to be explained stays unnamed."""
    assert names("missing-scaling", "bias-never-trained", "dropout-ignored") == set()


def test_what_hides_all_else_is_named_alone() -> None:
    """A mistake that leaves nothing to see of another one is the one that is named."""
    assert names("merged-at-init", "missing-scaling") == {"merged-at-init"}
