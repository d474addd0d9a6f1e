"""Where the judge's own code raised: whose fault it is."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from graders import grade
from graders.exercise import Case, Experiment, Failure, NotSeen, Seen, Violation
from graders.judge.reading import Submission
from graders.judge.search import Finding

THEIRS = Submission("ada", "lora_theory")


class Numbers(Experiment):
    """One number."""

    id, probe = "numbers", "none"
    space = {"a": (0, 1)}
    base = {"a": 0}

    def arguments(self, case: Case) -> dict[str, Any]:
        return {}

    def blame(self, case: Case, failure: Failure) -> str:
        return "claim"


def settled(monkeypatch: pytest.MonkeyPatch, check: Callable[..., Any]) -> Finding:
    """What becomes of a fault where the check is made once more, with the submission and with the reference."""

    def session(box: Any, submission: Submission, given: Any) -> Any:
        who = "theirs" if submission is THEIRS else "ours"
        return nullcontext(SimpleNamespace(load=lambda: None, ask_case=lambda *_: Seen({"who": who})))

    monkeypatch.setattr(grade, "Session", session)
    experiment = Numbers()
    case = {"a": 1, "seed": 0}
    finding = Finding(experiment=experiment, fault="Traceback", fault_case=case)
    exercise = SimpleNamespace(id="nf4_quantization", checks_in=lambda _: [("claim", check)])
    grade._settle_faults(exercise, experiment, {"claim": [finding]}, object(), THEIRS)  # type: ignore[arg-type]
    return finding


def fails(*who: str) -> Callable[..., None]:
    """A check that raises on what these return."""

    def check(case: Case, seen: Seen, want: Any) -> None:
        if seen["who"] in who:
            raise MemoryError

    return check


def test_a_fault_that_passes_costs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the judge does not raise again, the new verdict counts."""
    finding = settled(monkeypatch, fails())
    assert (finding.fault, finding.violation, finding.held) == ("", None, 1)


def test_a_fault_that_passes_may_leave_a_violation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the judge does not raise again and the claim does not hold, that counts."""
    finding = settled(monkeypatch, lambda case, seen, want: Violation("no"))
    assert finding.fault == ""
    assert finding.violation is not None
    assert (finding.violation.message, finding.case) == ("no", {"a": 1, "seed": 0})


def test_what_only_a_submission_makes_the_judge_raise_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it raises again, and not with the reference solution, the claim does not hold."""
    finding = settled(monkeypatch, fails("theirs"))
    assert finding.fault == ""
    assert finding.violation is not None
    assert "could not be compared" in finding.violation.message


def test_a_fault_with_the_reference_is_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the judge raises with the reference solution too, or cannot look at it, the fault stays the judge's."""

    def blind(case: Case, seen: Seen, want: Any) -> None:
        if seen["who"] == "theirs":
            raise MemoryError
        raise NotSeen("nothing")

    for check in (fails("theirs", "ours"), blind):
        finding = settled(monkeypatch, check)
        assert finding.fault
        assert finding.violation is None
