"""What each mistake costs is written down, whole, and the page in the docs says the same."""

from tests.bank.credit import broken, credit
from tests.bank.credit_page import PAGE, page
from tests.graders.grading import EXERCISES, label_of, submissions


def test_every_mistake_with_a_name_has_its_claims_written_down() -> None:
    """Each mistake that reports name or a submission is labelled with, and no other; each claim is one of its exercise."""
    labels = {
        (exercise, name) for exercise, path in submissions("wrong") for name in label_of(path).split(" + ")
    }
    for exercise in EXERCISES.values():
        assert exercise.naming is not None
        known = set(exercise.naming.mistakes) | {name for place, name in labels if place == exercise.id}
        assert broken()[exercise.id].keys() == known - {"unnamed"}
        ids = {claim.id for claim in exercise.properties}
        for costs in broken()[exercise.id].values():
            assert all(ways and ways <= ids for ways in costs.ways)
            assert len(set(costs.ways)) == len(costs.ways)
            assert costs.sometimes <= ids - costs.claims


def test_what_is_lost_beyond_or_short_of_the_mistake_is_said() -> None:
    """One mistake costs exactly its claims, in one of its ways; two cost both, and what cannot be looked at for them."""
    right = {claim.id: "passed" for claim in EXERCISES["lora_with_bias"].properties}

    def said(label: str, **lost: str) -> str:
        return credit("lora_with_bias", label, {**right, **lost})

    assert said("missing-scaling", scaling="failed") == ""
    assert said("missing-scaling", scaling="failed", dropout="not_run") == "beyond: dropout"
    assert said("missing-scaling", dropout="timed_out") == "beyond: dropout; short of: scaling"
    assert said("a-zero", a_random="failed", b_zero="failed") == ""
    assert said("missing-scaling + b-not-zero", scaling="failed", b_zero="failed", dropout="not_run") == ""
    assert said("missing-scaling + b-not-zero", scaling="failed") == "short of: b_zero"
    assert (
        said("missing-scaling + b-not-zero", scaling="failed", b_zero="failed", dropout="failed")
        == "beyond: dropout"
    )
    exchanged = dict.fromkeys(broken()["lora_with_bias"]["features-exchanged"].claims, "not_run")
    assert (
        said("features-exchanged", **exchanged)
        == said("features-exchanged", **exchanged, dropout="failed")
        == ""
    )
    assert said("features-exchanged", dropout="failed").startswith("short of")
    assert said("unnamed", dropout="failed") == said("missing-scaling + unnamed", dropout="failed") == ""


def test_one_slip_costs_a_third_of_an_exercise_at_most() -> None:
    """The plainest form of a mistake costs a third at most, but where nothing is left to look at."""
    nothing_to_see = {"merged-at-init", "factors-misnamed", "in-and-out-swapped", "features-exchanged"}
    for exercise in EXERCISES.values():
        points = {claim.id: claim.points for claim in exercise.properties}
        for name, costs in broken()[exercise.id].items():
            if name not in nothing_to_see:
                assert sum(points[claim] for claim in costs.claims) <= exercise.points / 3, name


def test_the_page_on_partial_credit_is_made_from_what_is_written_down() -> None:
    """docs/partial-credit.md is what `python -m tests.bank.credit_page` writes."""
    assert PAGE.read_text(encoding="utf-8") == page()
