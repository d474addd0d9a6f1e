"""The search: what is drawn, what is found, how small it gets, and what never costs points."""

import hashlib
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from graders.exercise import NOT_APPLICABLE, Case, Check, Experiment, Failure, NotSeen, Seen, Violation
from graders.grade import assignments
from graders.judge.search import SHRINK_CALLS, Effort, Search, cover_cases, drawn_cases

EXPERIMENTS = [
    item for exercise in assignments()["lora_theory"].exercises for item in exercise.experiments if item.draws
]


class Pairs(Experiment):
    """Two numbers and a flag."""

    id, probe = "pairs", "none"
    space = {"a": tuple(range(50)), "b": tuple(range(50)), "flag": (False, True)}
    base = {"a": 0, "b": 0, "flag": False}
    cover = ({"a": 40, "b": 30},)

    def blame(self, case: Case, failure: Failure) -> str:
        return "first"


def search(
    check: Callable[..., Any], ask: Callable[[Case], Seen] | None = None, seed: int = 1, examples: int = 60
) -> Any:
    """Run one claim named `first` over `Pairs`."""
    return Search(Pairs(), [("first", check)], ask or (lambda case: Seen({"case": case})), seed).run(
        examples
    )["first"]


def test_what_is_drawn_does_not_depend_on_what_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hypothesis draws constants of a program's files too; the numbers of ours decide nothing, wherever they are installed."""
    before = [drawn_cases.__wrapped__(Pairs(), seed, 60) for seed in range(8)]
    (tmp_path / "some_numbers.py").write_text(f"numbers = {[*range(50), 12345, 54321]}\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("some_numbers")
    assert [drawn_cases.__wrapped__(Pairs(), seed, 60) for seed in range(8)] == before


def test_the_smallest_case_is_at_the_border() -> None:
    """A claim that fails from a = 7 and b = 3 on is reported with exactly these."""
    finding = search(lambda case, seen, want: Violation("no") if case["a"] >= 7 and case["b"] >= 3 else None)

    assert finding.case is not None
    assert (finding.case["a"], finding.case["b"], finding.case["flag"]) == (7, 3, False)


def test_a_claim_that_holds_has_no_case() -> None:
    """Nothing is found where nothing fails, and every case is counted."""
    finding = search(lambda case, seen, want: None)

    assert finding.case is None
    assert finding.held == 62


def test_shrinking_is_bounded_by_calls() -> None:
    """However long the way to the smallest case, the worker is asked a bounded number of times."""
    asked: list[Case] = []

    def ask(case: Case) -> Seen:
        asked.append(case)
        return Seen({})

    search(lambda case, seen, want: Violation("no") if case["a"] + case["b"] >= 70 else None, ask)

    assert len(asked) <= 62 + SHRINK_CALLS + 2


@pytest.mark.parametrize(("own", "stopped"), [(0.0, False), (700.0, True)])
def test_only_its_own_time_stops_a_search(monkeypatch: pytest.MonkeyPatch, own: float, stopped: bool) -> None:
    """Time for which others kept a submission waiting does not end its search; its worker's own does."""
    spent, wall = [0.0], [0.0]
    monkeypatch.setattr("time.monotonic", lambda: wall[0])

    def ask(case: Case) -> Seen:
        wall[0] += 1000.0
        spent[0] += own
        return Seen({})

    looked = Search(Pairs(), [("first", lambda case, seen, want: None)], ask, 1, clock=lambda: spent[0])
    finding = looked.run(10)["first"]
    assert looked.stopped is stopped
    assert (finding.unseen > 0) is stopped


def test_the_judges_own_exception_is_no_violation() -> None:
    """A check that raises is a fault of the judge, with the case, and not a violation."""

    def check(case: Case, seen: Seen, want: Any) -> None:
        raise ZeroDivisionError

    finding = search(check)

    assert "ZeroDivisionError" in finding.fault
    assert finding.violation is None


def test_a_failure_counts_against_the_property_that_is_blamed() -> None:
    """An exception of the student's code is a violation of the blamed claim, with its kind."""
    failure = Failure("raised", "forward", "ValueError", "no")

    def check(case: Case, seen: Seen, want: Any) -> None:
        raise NotSeen("y")

    finding = search(check, lambda case: Seen({}, failure))

    assert finding.violation is not None
    assert finding.violation.kind == "raised"
    assert finding.violation.message == "Your code raised ValueError during forward.\nno"


def test_a_call_that_timed_out_ends_the_search() -> None:
    """After the first call that ran out of time nothing more is asked, and nothing is made smaller."""
    asked: list[Case] = []

    def ask(case: Case) -> Seen:
        asked.append(case)
        return Seen({}, Failure("timed_out", "", "", ""))

    finding = search(lambda case, seen, want: NOT_APPLICABLE, ask)

    assert len(asked) == 1
    assert finding.violation is not None
    assert finding.violation.kind == "timed_out"


def test_code_that_wobbles_is_found_out() -> None:
    """A case that fails once and holds when it is asked again is reported as not deterministic."""
    seen_before: set[str] = set()

    def ask(case: Case) -> Seen:
        key = json.dumps(case, sort_keys=True)
        first = key not in seen_before
        seen_before.add(key)
        return Seen({"bad": first})

    finding = search(lambda case, seen, want: Violation("no") if seen["bad"] else None, ask)

    assert finding.wobbles


@pytest.mark.parametrize(
    ("alone_from", "shown", "remembers"), [(99, 7, True), (30, 40, False), (0, 7, False)]
)
def test_the_case_that_is_shown_fails_in_a_fresh_process(
    alone_from: int, shown: int, remembers: bool
) -> None:
    """Where earlier calls make a case fail, one that fails alone is shown, or it is said that there is none."""

    def fails(case: Case, seen: Seen, want: Any) -> Violation | None:
        return Violation("no") if case["a"] >= seen["from"] else None

    found = Search(
        Pairs(),
        [("first", fails)],
        lambda case: Seen({"from": 7}),
        seed=1,
        ask_afresh=lambda case: Seen({"from": alone_from}),
    ).run(1)["first"]

    assert found.case is not None
    assert (found.case["a"], found.remembers, found.wobbles) == (shown, remembers, False)


@pytest.mark.parametrize(("effort", "asked"), [("first", 2), ("verdicts", 4)])
def test_less_effort_ends_earlier_and_finds_the_same(effort: Effort, asked: int) -> None:
    """`first` asks until something is violated, `verdicts` until every claim is; neither makes a case smaller."""
    cases: list[Case] = []

    def ask(case: Case) -> Seen:
        cases.append(case)
        return Seen({"number": len(cases)})

    def from_call(number: int) -> Check:
        return lambda case, seen, want: Violation("no") if seen["number"] >= number else None

    checks = [("early", from_call(2)), ("late", from_call(4))]
    found = Search(Pairs(), checks, ask, 1, effort).run(60)

    assert len(cases) == asked
    assert [bool(found[name].violated) for name in found] == [True, asked == 4]


@pytest.mark.parametrize("experiment", EXPERIMENTS, ids=lambda item: item.id)
def test_drawn_cases_are_a_function_of_the_seed(experiment: Experiment) -> None:
    """The same seed draws the same cases, another seed others."""

    def drawn(seed: int) -> str:
        drawn_cases.cache_clear()
        cases = [*cover_cases(experiment, seed), *drawn_cases(experiment, seed, 30)]
        return hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest()

    assert drawn(5) == drawn(5) != drawn(6)


def test_hypothesis_still_draws_what_it_drew() -> None:
    """Grades depend on what the pinned Hypothesis draws: another stream must not go unnoticed."""
    cases = list(drawn_cases(Pairs(), 1, 50))

    assert hashlib.sha256(json.dumps(cases, sort_keys=True).encode()).hexdigest()[:16] == "4f3f4ff377d22689"
