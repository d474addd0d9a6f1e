"""Cases on a GPU: asked in a box of their own, and counted only where the reference solution passes them there too.

A GPU can be out of memory, taken by others, or refuse its service: that is no student's mistake.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from graders.exercise import Exercise, Experiment
from graders.judge.box import Box
from graders.judge.reading import Submission
from graders.judge.search import Finding, judge_case
from graders.judge.session import Loaded, Material, Session

NOT_LOADED = "Your code could not be loaded where it may use the GPU, so nothing was asked there."
NO_USE = "Cases on the GPU were left out: the reference solution did not pass them there either."


@dataclass
class OnGpu:
    """What an experiment showed on the GPU."""

    findings: dict[str, Finding] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    cpu_seconds: float = 0.0
    peak: int = 0


def look(
    exercise: Exercise,
    experiment: Experiment,
    submission: Submission,
    reference: Submission,
    material: Material,
    gpu: Box,
    search: Callable[[Loaded, Session], dict[str, Finding]],
) -> OnGpu:
    """Search one experiment in the GPU's box; without findings where that box is of no use."""
    seen = OnGpu()
    with Session(gpu, submission, material) as session:
        loaded = session.load()
        if loaded.status == "graded":
            seen.findings = search(loaded, session)
        else:
            seen.notes = (NOT_LOADED,)
    seen.refused, seen.cpu_seconds, seen.peak = session.refused, session.cpu_seconds, session.peak
    bad = {name: found for name, found in seen.findings.items() if found.violation or found.fault}
    if bad and not _passes(exercise, experiment, reference, material, gpu, bad):
        seen.findings, seen.notes = {}, (NO_USE,)
    return seen


def _passes(
    exercise: Exercise,
    experiment: Experiment,
    reference: Submission,
    material: Material,
    gpu: Box,
    bad: Mapping[str, Finding],
) -> bool:
    """Whether the reference solution holds in every case that counts against the submission."""
    checks = exercise.checks_in(experiment)
    with Session(gpu, reference, material) as session:
        if session.load().status != "graded":
            return False
        for name, found in bad.items():
            case = found.case or found.fault_case
            assert case is not None
            seen = session.ask(
                experiment.probe, experiment.arguments(case), case["seed"], experiment.limit(case)
            )
            if judge_case(experiment, checks, case, seen)[0].get(name) is not None:
                return False
    return True
