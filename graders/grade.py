"""grade(submission) -> Report: the one function behind every front door."""

from __future__ import annotations

import functools
import importlib
import json
import pkgutil
import platform
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import numpy
import torch

import graders
import graders.exercises
import lora_reference
from graders.claims import as_data
from graders.exercise import Case, Exercise, Experiment, NotApplicable, NotSeen, Property, Seen, Violation
from graders.hints import hints_for
from graders.judge import on_gpu as gpu
from graders.judge.box import Box
from graders.judge.diagnosis import name_mistakes
from graders.judge.reading import Submission
from graders.judge.search import Effort, Finding, JudgeFault, Search, Verdict, judge_case
from graders.judge.session import Loaded, Material, Session
from graders.report import ExerciseReport, NamedMistake, Outcome, Report
from graders.settings import Settings
from graders.stored import StoredCase, StoredCaseError, as_stored

T = TypeVar("T")
Kept = dict[str, Seen]  # what was seen of telling cases whose seed is open
LEAST_HELD = 0.08  # share of its cases in which a claim must have been seen to hold
FEWEST_DRAWN = 8  # drawn cases of a claim from which on an experiment's `least_drawn` counts


@dataclass(frozen=True)
class Assignment:
    """The exercises of one assignment, in order."""

    name: str
    exercises: tuple[Exercise, ...]


@dataclass(frozen=True)
class Spent:
    """What the workers of one exercise used."""

    cpu_seconds: float
    memory: int  # most bytes that one of them had in use, those of the warm process it came from among them


@functools.cache
def assignments() -> Mapping[str, Assignment]:
    """Every assignment by name; exercises are found by listing `graders/exercises`."""
    found = []
    for info in pkgutil.iter_modules(graders.exercises.__path__):
        exercise = getattr(importlib.import_module(f"graders.exercises.{info.name}"), "exercise", None)
        if isinstance(exercise, Exercise):
            found.append(exercise)
    found.sort(key=lambda exercise: (exercise.order, exercise.id))
    return {"lora_theory": Assignment("lora_theory", tuple(found))}


def data_folder(kind: str, assignment: str) -> Path:
    """Where `assignments` or `reference_solutions` of an assignment lie: in the wheel, or beside the packages."""
    inside = Path(graders.__file__).parent / "data" / kind / assignment
    return inside if inside.is_dir() else Path(graders.__file__).parent.parent / kind / assignment


@functools.cache
def material(assignment: str, exercise_id: str) -> Material:
    """What the worker needs for an exercise besides the submission."""
    exercises = assignments()[assignment].exercises
    stubs = {
        exercise.id: (data_folder("assignments", assignment) / f"{exercise.id}.py").read_text(
            encoding="utf-8"
        )
        for exercise in exercises
    }
    given = (Path(lora_reference.__file__).parent / "lab.py").read_text(encoding="utf-8")
    names = {exercise.id: exercise.defines for exercise in exercises}
    return Material(exercise_id, names[exercise_id], names, stubs, given)


@functools.cache
def contract_text(assignment: str) -> str:
    """The assignment's contract, Markdown: in the wheel, or beside the packages."""
    inside = Path(graders.__file__).parent / "data" / "contracts" / f"{assignment}.md"
    path = inside if inside.is_file() else Path(graders.__file__).parent.parent / "docs" / "contract.md"
    return path.read_text(encoding="utf-8")


@functools.cache
def contract_of(assignment: str, order: int) -> str:
    """The section of the assignment's contract that is about its exercise of this place, Markdown."""
    sections = re.split(r"(?m)^## ", contract_text(assignment))
    found = next((section for section in sections if section.startswith(f"{order}. ")), "")
    return re.sub(r"(?m)^<a id=.*\n", "", found.partition(". ")[2]).strip()


def reference_submission(assignment: str) -> Submission:
    """The reference solutions, as if a student had handed them in."""
    folder = data_folder("reference_solutions", assignment)
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.py"))}
    return Submission("reference", assignment, files)


def grade(
    submission: Submission,
    box: Box,
    settings: Settings,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Grade a submission in the box. `only` names exercises; `progress` is told each exercise's id as it begins.

    Raises BoxError or OSError where the box or the grader's own files fail, never for what was handed in.
    """
    reports: list[ExerciseReport] = []
    timing: dict[str, Any] = {}
    for exercise in assignments()[submission.assignment].exercises:
        if only is not None and exercise.id not in only:
            continue
        if progress is not None:
            progress(exercise.id)
        wall, cpu = time.monotonic(), time.process_time()
        report, spent = grade_exercise(submission, exercise, box, settings)
        reports.append(report)
        timing[exercise.id] = {
            "wall_seconds": round(time.monotonic() - wall, 3),
            "judge_cpu_seconds": round(time.process_time() - cpu, 3),
            "worker_cpu_seconds": round(spent.cpu_seconds, 3),
            "worker_memory_mb": round(spent.memory / 2**20, 1),
        }
    return Report(
        submission.student_id, submission.assignment, tuple(reports), box.protections, environment(), timing
    )


def environment() -> dict[str, Any]:
    """Versions that a verdict may depend on."""
    return {
        "loralab": graders.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": numpy.__version__,
        "hypothesis": hypothesis.__version__,
        "platform": platform.platform(),
    }


def grade_exercise(
    submission: Submission, exercise: Exercise, box: Box, settings: Settings, effort: Effort = "full"
) -> tuple[ExerciseReport, Spent]:
    """One exercise of a submission, and what its workers used.

    With less `effort` than `full`, failing cases are not made smaller (see `graders.judge.search`).
    """
    given = material(submission.assignment, exercise.id)
    on_gpu = gpu.OnGpu()
    with Session(box, submission, given) as session:
        loaded = session.load()
        findings: dict[str, list[Finding]] = {claim.id: [] for claim in exercise.properties}
        kept: Kept = {}
        if loaded.status == "graded":
            for experiment in exercise.experiments:
                look = partial(_look, exercise, experiment, settings=settings, effort=effort, kept=kept)
                if "cpu" in experiment.devices:
                    found = look(loaded, session)
                elif box.gpu is not None:
                    reference = reference_submission(submission.assignment)
                    on_gpu = gpu.look(
                        gpu.Where(exercise, experiment, given, box.gpu), submission, reference, look
                    )
                    found = on_gpu.findings
                else:
                    continue
                for name, finding in found.items():
                    findings[name].append(finding)
                if effort == "first" and any(finding.violated for finding in found.values()):
                    break
        for experiment in exercise.experiments:
            _settle_faults(exercise, experiment, findings, box, submission)
        settled = _Outcomes(exercise, loaded, findings)
        outcomes = settled.all()
        mistakes: tuple[NamedMistake, ...] = ()
        if effort == "full":
            names = partial(_named, exercise, loaded, session, outcomes, kept)
            mistakes = settled.or_not(names, "The mistake behind this could not be looked for") or ()
    report = ExerciseReport(
        exercise.id,
        exercise.title,
        loaded.status,
        loaded.message,
        outcomes,
        mistakes,
        (*submission.notes, *loaded.notes, *settled.notes, *on_gpu.notes),
        contract_of(submission.assignment, exercise.order),
        tuple(dict.fromkeys([*session.refused, *on_gpu.refused])),
    )
    return report, Spent(session.cpu_seconds + on_gpu.cpu_seconds, max(session.peak, on_gpu.peak))


def grade_case(submission: Submission, stored: StoredCase, box: Box) -> Report:
    """One stored case of a claim, asked again. Raises StoredCaseError where it says nothing about the claim."""
    experiment, case = stored.experiment, stored.case
    where = _box_for(experiment, box)
    if where is None:
        raise StoredCaseError(f"a case of {experiment.id} needs a GPU, and the box has none")
    claim = replace(stored.claim, waits_on=(), on_each="")
    exercise = replace(stored.exercise, properties=[claim])
    finding = Finding(experiment=experiment)
    findings = {claim.id: [finding]}
    with Session(where, submission, material(submission.assignment, exercise.id)) as session:
        loaded = session.load()
        if loaded.status == "graded" and loaded.states.get(claim.function) == "attempt":
            seen = session.ask_case(experiment, case)
            _judge(stored, seen, finding)
    if finding.violated and where is box.gpu:
        there = gpu.Where(exercise, experiment, material(submission.assignment, exercise.id), where)
        if not gpu.certain(there, submission, reference_submission(submission.assignment), claim.id, case):
            raise StoredCaseError(gpu.NO_USE)
    _settle_faults(exercise, experiment, findings, box, submission)
    report = ExerciseReport(
        exercise.id,
        exercise.title,
        loaded.status,
        loaded.message,
        _Outcomes(exercise, loaded, findings).all(),
        notes=("One stored case of one claim was asked, and nothing else.", *submission.notes, *loaded.notes),
    )
    return Report(submission.student_id, submission.assignment, (report,), box.protections, environment())


def _box_for(experiment: Experiment, box: Box) -> Box | None:
    """Where an experiment's cases are asked; None where there is no such box."""
    return box if "cpu" in experiment.devices else box.gpu


def _judge(stored: StoredCase, seen: Seen, finding: Finding) -> None:
    """Put the verdict of a stored case into its finding."""
    checks = stored.exercise.checks_in(stored.experiment)
    verdict = judge_case(stored.experiment, checks, stored.case, seen)[0][stored.claim.id]
    if isinstance(verdict, NotApplicable):
        raise StoredCaseError(f"the case says nothing about the property {stored.claim.id}")
    _take_in(finding, stored.case, verdict)
    if isinstance(verdict, JudgeFault):
        finding.fault, finding.fault_case = verdict.trace, stored.case
    if isinstance(verdict, Violation):
        finding.seen, finding.pictured = seen, stored.case


def _look(
    exercise: Exercise,
    experiment: Experiment,
    loaded: Loaded,
    session: Session,
    *,
    settings: Settings,
    effort: Effort,
    kept: Kept,
) -> dict[str, Finding]:
    """Search one experiment, with the claims about functions that were attempted. Fills `kept`."""
    functions = {claim.id: claim.function for claim in exercise.properties}
    checks = [
        (name, check)
        for name, check in exercise.checks_in(experiment)
        if loaded.states.get(functions[name]) == "attempt"
    ]
    if not checks:
        return {}

    telling = exercise.naming.telling if exercise.naming is not None else ()
    wanted = {_without_seed(where, case) for where, case in telling if "seed" not in case}

    def ask(case: Case) -> Seen:
        seen = session.ask_case(experiment, case)
        if (key := _without_seed(experiment, case)) in wanted:
            kept.setdefault(key, seen)
        if experiment.ends_with(case):
            session.close()
        return seen

    def ask_afresh(case: Case) -> Seen:
        session.close()
        return ask(case)

    on_each = {claim.id: claim.on_each for claim in exercise.properties if claim.on_each}
    search = Search(
        experiment, checks, ask, int(settings.seed), effort, ask_afresh, on_each,
        clock=lambda: session.wall_seconds,  # not the time for which others kept it waiting
    )  # fmt: skip
    return search.run(settings.examples)


def _without_seed(experiment: Experiment, case: Case) -> str:
    """What a case is, whatever its contents."""
    return f"{experiment.id} {json.dumps({**case, 'seed': None}, sort_keys=True)}"


def _named(
    exercise: Exercise, loaded: Loaded, session: Session, outcomes: Sequence[Outcome], kept: Kept
) -> tuple[NamedMistake, ...]:
    """The mistake behind the failures, when it is certain."""
    whole = loaded.status == "graded" and all(state == "attempt" for state in loaded.states.values())
    if exercise.naming is None or not whole or all(outcome.status == "passed" for outcome in outcomes):
        return ()
    session.close()  # a name follows from the telling cases alone, not from what was asked before

    def ask(experiment: Experiment, case: Case) -> Seen:
        if "seed" not in case and (key := _without_seed(experiment, case)) in kept:
            return kept[key]
        case = {"seed": 0, **case}
        return session.ask_case(experiment, case)

    mistakes = name_mistakes(exercise.naming, ask)
    one = len(mistakes) == 1
    why = f"{'It explains' if one else 'Together they explain'} all {len(exercise.naming.telling)} checks that were made, "
    why += f"and no other known {'mistake' if one else 'pair of mistakes'} does."
    return tuple(NamedMistake(mistake.id, mistake.title, mistake.hint, why) for mistake in mistakes)


def _settle_faults(
    exercise: Exercise,
    experiment: Experiment,
    findings: dict[str, list[Finding]],
    box: Box,
    submission: Submission,
) -> None:
    """Where the judge's own code raised, the case is asked again: it is the submission's fault only if the judge raises
    there once more, and not with the reference solution."""
    pairs = [
        (name, finding)
        for name, group in findings.items()
        for finding in group
        if finding.fault and finding.experiment is experiment
    ]
    if not pairs:
        return
    where = _box_for(experiment, box)
    assert where is not None, "an experiment was asked in no box"
    reference = reference_submission(submission.assignment)
    given = material(submission.assignment, exercise.id)
    with Session(where, submission, given) as theirs, Session(where, reference, given) as ours:
        for session in (theirs, ours):
            session.load()
        for name, finding in pairs:
            case = finding.fault_case
            assert case is not None
            verdicts = [_verdict_on(exercise, experiment, name, case, session) for session in (theirs, ours)]
            verdict = verdicts[0]
            if isinstance(verdict, JudgeFault) and verdicts[1] is None:
                verdict = Violation("What your code returned could not be compared with what was asked.")
            if not isinstance(verdict, JudgeFault):
                finding.fault = ""
                _take_in(finding, case, verdict)


def _verdict_on(
    exercise: Exercise, experiment: Experiment, name: str, case: Case, session: Session
) -> Verdict:
    """A claim's verdict on one case."""
    seen = session.ask_case(experiment, case)
    return judge_case(experiment, exercise.checks_in(experiment), case, seen)[0][name]


def _take_in(finding: Finding, case: Case, verdict: Verdict) -> None:
    """Count one more verdict."""
    finding.held += verdict is None
    finding.unseen += isinstance(verdict, NotSeen)
    if isinstance(verdict, Violation):
        finding.violated += 1
        if finding.violation is None:
            finding.case, finding.violation = case, verdict


def _seen_to_hold(claim: Property, group: Sequence[Finding]) -> bool:
    """Whether enough of a claim's cases gave something to look at: of all, of those that were drawn, and of each kind."""
    held, unseen = sum(item.held for item in group), sum(item.unseen for item in group)
    if held == 0 or held < LEAST_HELD * (held + unseen):
        return False
    wanted: set[str] = set()
    for item in group:
        drawn, experiment = item.drawn_held + item.drawn_unseen, item.experiment
        if experiment is None:
            continue
        if drawn >= FEWEST_DRAWN and item.drawn_held < experiment.least_drawn * drawn:
            return False
        wanted |= set(map(str, experiment.space.get(claim.on_each, ())))
    return wanted <= {value for item in group for value in item.held_with}


class _Outcomes:
    """Turns findings into outcomes, with what waits on what."""

    def __init__(self, exercise: Exercise, loaded: Loaded, findings: Mapping[str, list[Finding]]) -> None:
        self.exercise = exercise
        self.loaded = loaded
        self.findings = findings
        self.claims = {claim.id: claim for claim in exercise.properties}
        self.done: dict[str, Outcome] = {}
        self.notes: list[str] = []  # what could not be told

    def all(self) -> tuple[Outcome, ...]:
        """The outcome of every property, in order."""
        return tuple(self.of(claim.id) for claim in self.exercise.properties)

    def of(self, name: str) -> Outcome:
        """The outcome of one property; those it waits on are settled first."""
        if name not in self.done:
            self.done[name] = self._settle(self.claims[name])
        return self.done[name]

    def _settle(self, claim: Property) -> Outcome:
        if self.loaded.status != "graded":
            return self._not_run(claim, "Not looked at: there was nothing to run.", ())
        state = self.loaded.states.get(claim.function)
        if state != "attempt":
            why = "is still the stub" if state == "stub" else "was not found"
            return self._not_run(claim, f"Not looked at: `{claim.function}` {why}.", ())
        group = self.findings[claim.id]
        fault = next((finding for finding in group if finding.fault), None)
        waits = tuple(name for name in claim.waits_on if self.of(name).status not in ("passed", "error"))
        if waits:
            return self._not_run(claim, f"Not looked at yet: it waits on {self._titles(waits)}.", waits)
        bad = [finding for finding in group if finding.violation is not None]
        if bad:
            return self._failed(claim, bad[0])
        if fault is not None:
            return Outcome(
                claim.id,
                claim.title,
                claim.points,
                claim.points,
                "error",
                "The grader itself failed here. You keep the points, and a person will look at it.",
                claim.sentence,
                needs_person=True,
            )
        if not _seen_to_hold(claim, group):
            blamed = {name for finding in group for name in finding.blamed if name != claim.id}
            waits = tuple(name for name in self.claims if name in blamed)
            what = f"it waits on {self._titles(waits)}" if waits else "your code gave nothing to look at"
            return self._not_run(claim, f"Not looked at yet: {what}.", waits)
        return Outcome(claim.id, claim.title, claim.points, claim.points, "passed", "", claim.sentence)

    def or_not(self, make: Callable[[], T], lost: str) -> T | None:
        """What can be told beside a verdict; where that fails, none of it, and a note: the verdict stands."""
        try:
            return make()
        except Exception as error:
            self.notes.append(
                f"{lost} ({type(error).__name__}), which is the grader's fault and costs nothing."
            )
            return None

    def _titles(self, names: Sequence[str]) -> str:
        return " and ".join(f"“{self.claims[name].title.rstrip('.')}”" for name in names)

    def _not_run(self, claim: Property, message: str, waits: tuple[str, ...]) -> Outcome:
        return Outcome(
            claim.id, claim.title, 0.0, claim.points, "not_run", message, claim.sentence, waits_on=waits
        )

    def _failed(self, claim: Property, finding: Finding) -> Outcome:
        case, violation, experiment = finding.case, finding.violation, finding.experiment
        assert case is not None
        assert violation is not None
        assert experiment is not None
        facts = list(finding.facts)
        if finding.held and not facts:
            facts.append(
                f"It held in {finding.held} of {finding.held + finding.violated} cases that were tried."
            )
        if finding.wobbles:
            facts.append(
                "Your code is not deterministic: asked again with the same case, it gave another answer."
            )
        if finding.remembers:
            facts.append(
                "Alone, in a fresh process, this case holds: your code remembers something from earlier calls."
            )
        counterexample = {
            "arguments": as_data(experiment.describe(case)),
            "expected": as_data(violation.expected),
            "observed": as_data(violation.observed),
            "facts": facts,
            "case": as_stored(self.exercise, experiment, claim.id, case),
        }
        about = f"of \u201c{claim.title.rstrip('.')}\u201d could not be made"
        picture = self.or_not(partial(self._picture, finding, claim.id), f"The picture {about}")
        if picture is not None:
            counterexample["picture"] = picture
        replay = partial(self._replay, claim, experiment, case, violation)
        return Outcome(
            claim.id,
            claim.title,
            0.0,
            claim.points,
            "timed_out" if violation.kind == "timed_out" else "failed",
            violation.message,
            claim.sentence,
            counterexample,
            self.or_not(replay, f"The Python that shows the case {about}"),
            hints_for(self.exercise, claim, violation),
        )

    def _replay(
        self, claim: Property, experiment: Experiment, case: Case, violation: Violation
    ) -> str | None:
        """Python that shows the case again where the code stands."""
        if self.exercise.replay is None:
            return None
        notebook = self.loaded.where.get(claim.function) == "notebook"
        return self.exercise.replay(experiment, case, claim.id, violation, notebook)

    def _picture(self, finding: Finding, property_id: str) -> dict[str, Any] | None:
        """Data of the picture of a failing case, if there is something to draw."""
        draw, case, seen, experiment = (
            self.exercise.picture,
            finding.pictured,
            finding.seen,
            finding.experiment,
        )
        if draw is None or case is None or seen is None or experiment is None:
            return None
        with suppress(NotSeen):
            return draw(experiment, case, seen, property_id)
        return None
