"""Cases on a GPU: asked in a box of their own, and counted only where nothing but the submission can be the cause.

A GPU can be out of memory, taken by others, or refuse its service: that is no student's mistake. A case counts
where the reference solution passes it there, and the submission fails it again, alone in a fresh process.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from graders.exercise import Case, Check, Exercise, Experiment, Seen, Violation
from graders.judge.box import Box
from graders.judge.process import BoxError
from graders.judge.reading import Submission
from graders.judge.search import Finding, JudgeFault, judge_case
from graders.judge.session import Loaded, Material, Session

NOT_LOADED = "Your code could not be loaded where it may use the GPU, so nothing was asked there."
NO_USE = "Cases on the GPU were left out where the reference solution did not pass them there either, or yours did at a second try."
GONE = "Cases on the GPU were left out: its box ended."


@dataclass
class OnGpu:
    """What an experiment showed on the GPU: what was violated for certain, and nothing of what held."""

    findings: dict[str, Finding] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    peak: int = 0


@dataclass(frozen=True)
class Where:
    """What cases are asked of, and what is asked."""

    exercise: Exercise
    experiment: Experiment
    material: Material
    gpu: Box

    @property
    def checks(self) -> Sequence[tuple[str, Check]]:
        return self.exercise.checks_in(self.experiment)

    def fails(self, submission: Submission, claim: str, case: Case) -> bool:
        """Whether a submission fails a case, alone in a fresh process. What takes too long does not count."""
        with self.gpu.alone(), Session(self.gpu, submission, self.material) as session:
            if session.load().status != "graded":
                return True
            seen: Seen = session.ask_case(self.experiment, case)
        if seen.failure is not None and seen.failure.kind == "timed_out":
            return False
        verdict = judge_case(self.experiment, self.checks, case, seen)[0].get(claim)
        return isinstance(verdict, (Violation, JudgeFault))


def look(
    where: Where,
    submission: Submission,
    reference: Submission,
    search: Callable[[Loaded, Session], dict[str, Finding]],
) -> OnGpu:
    """Search one experiment in the GPU's box."""
    seen = OnGpu()
    session = Session(where.gpu, submission, where.material)
    try:
        with session:
            loaded = session.load()
            found = search(loaded, session) if loaded.status == "graded" else {}
        seen.notes = () if loaded.status == "graded" else (NOT_LOADED,)
        for name, finding in found.items():
            if finding.case is not None and certain(where, submission, reference, name, finding.case):
                finding.fault = ""
                seen.findings[name] = finding
            elif finding.case is not None or finding.fault:
                seen.notes = (NO_USE,)
    except BoxError:
        seen.findings, seen.notes = {}, (GONE,)
    seen.refused, seen.cpu_seconds, seen.peak = session.refused, session.cpu_seconds, session.peak
    return seen


def certain(where: Where, submission: Submission, reference: Submission, claim: str, case: Case) -> bool:
    """Whether it is the submission's own fault that it fails a case."""
    return where.fails(submission, claim, case) and not where.fails(reference, claim, case)
