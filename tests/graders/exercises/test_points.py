"""The points add up, and every claim says what it is about."""

from graders.claims import KINDS, contents
from graders.grade import assignments
from graders.judge.search import cover_cases

EXERCISES = assignments()["lora_theory"].exercises


def test_points_are_those_of_the_contract() -> None:
    """30, 30 (20 + 10), 20 and 20 points, in this order."""
    per_function = {
        exercise.id: [
            sum(item.points for item in exercise.properties if item.function == name)
            for name in exercise.defines
        ]
        for exercise in EXERCISES
    }

    assert {name: sum(points) for name, points in per_function.items()} == {
        "lora_with_bias": 30, "selective_injection": 30, "memory_calculation": 20, "nf4_quantization": 20,
    }  # fmt: skip
    assert per_function["selective_injection"] == [20, 10]


def test_every_claim_cites_the_contract_and_waits_only_on_claims_that_exist() -> None:
    """A property has a title, a sentence and at least one check; what it waits on is a property of its exercise."""
    for exercise in EXERCISES:
        ids = {item.id for item in exercise.properties}
        for item in exercise.properties:
            assert item.title.endswith(".")
            assert item.sentence
            assert exercise.checks[item.id]
            assert set(item.waits_on) < ids


def test_contents_of_cover_cases_depend_on_the_grading_seed() -> None:
    """Another seed draws other contents for the fixed cases."""
    for exercise in EXERCISES:
        for experiment in exercise.experiments:
            assert [case["seed"] for case in cover_cases(experiment, 1)] != [
                case["seed"] for case in cover_cases(experiment, 2)
            ]


def test_contents_are_a_function_of_kind_and_seed() -> None:
    """The same kind, seed and stream give the same tensor; another stream gives another."""
    for kind in KINDS:
        assert contents(kind, [3, 4], 7, 0).equal(contents(kind, [3, 4], 7, 0))
    assert not contents("normal", [3, 4], 7, 0).equal(contents("normal", [3, 4], 7, 1))
