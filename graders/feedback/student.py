"""What a student's page says, in the order in which it says it. The template only lays it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from graders.feedback import words
from graders.feedback.compare import Comparison, compare
from graders.feedback.contract import Block, blocks
from graders.feedback.pictures import Picture, Tree, picture
from graders.feedback.untrusted import ID_LIMIT, number, visible
from graders.feedback.values import argument, inline
from graders.report import ExerciseReport, NamedMistake, Outcome, Report

FULL_LENGTH = 3  # failures shown whole in one exercise; the others start closed
_CODE_LIMIT = 6000
_MANY = 24  # arguments or facts
_HEADING = 150  # characters; what is longer stands below its heading in full
_LINES = 12  # lines of a message below its heading


@dataclass(frozen=True)
class Claim:
    """One property as shown."""

    anchor: str
    title: str
    label: words.Label
    points: str
    max_points: str
    sentence: str
    heading: str  # what happened, as a heading; the claim itself where nothing did
    message: str  # what is known besides
    arguments: tuple[tuple[str, str], ...] = ()
    comparison: Comparison | None = None
    yours: str = ""  # where there is nothing to compare with
    picture: Picture | None = None
    facts: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    reproduce: str = ""
    again: str = ""  # the command that asks the judge with this case again
    waits_on: tuple[tuple[str, str], ...] = ()  # anchor and title


@dataclass(frozen=True)
class Section:
    """One exercise as shown."""

    anchor: str
    id: str
    title: str
    label: words.Label
    graded: bool
    message: str
    advice: str
    score: str
    max_score: str
    share: float
    failed: tuple[Claim, ...]
    stopped: tuple[Claim, ...]  # out of time
    errors: tuple[Claim, ...]
    not_run: tuple[Claim, ...]
    waiting: tuple[tuple[Claim, ...], ...]  # the same, those that wait on the same claims together
    passed: tuple[Claim, ...]
    mistakes: tuple[NamedMistake, ...]
    notes: tuple[str, ...]
    refused: str  # what its code was seen to try, in words
    contract: tuple[Block, ...] = ()

    @property
    def shown(self) -> tuple[Claim, ...]:
        """Claims shown whole: what does not hold, then what ran out of time."""
        return (self.failed + self.stopped)[:FULL_LENGTH]

    @property
    def more(self) -> tuple[Claim, ...]:
        """Claims of the same kind that start closed."""
        return (self.failed + self.stopped)[FULL_LENGTH:]

    @property
    def count(self) -> int:
        """How many claims there are."""
        return sum(map(len, (self.failed, self.stopped, self.errors, self.not_run, self.passed)))

    @property
    def complete(self) -> bool:
        """Whether every claim holds."""
        return self.graded and len(self.passed) == self.count


@dataclass(frozen=True)
class Page:
    """The whole page."""

    student: str
    assignment: str
    score: str
    max_score: str
    share: float
    summary: str
    perfect: bool
    needs_person: bool
    sections: tuple[Section, ...]
    protections: str


def page(report: Report) -> Page:
    """The report as it is shown to its student. Nothing in it depends on time or place."""
    sections = tuple(_section(exercise, i) for i, exercise in enumerate(report.exercises, start=1))
    perfect = bool(sections) and all(section.complete for section in sections)
    return Page(
        student=visible(report.student_id, ID_LIMIT),
        assignment=visible(report.assignment, ID_LIMIT),
        score=number(report.score),
        max_score=number(report.max_score),
        share=share(report.score, report.max_score),
        summary=_summary(sections, perfect),
        perfect=perfect,
        needs_person=report.status == "needs_person",
        sections=sections,
        protections=_protections(report.protections),
    )


def share(score: float, of: float) -> float:
    """Per cent, for bars."""
    return round(min(max(100 * score / of, 0.0), 100.0), 1) if of else 0.0


def _summary(sections: tuple[Section, ...], perfect: bool) -> str:
    count = sum(section.count for section in sections)
    holds = sum(len(section.passed) for section in sections)
    if perfect:
        return f"All {words.plural(count, 'claim')} hold. Full marks: well done."
    if not sections or not any(section.graded for section in sections):
        return "There was nothing that could be graded yet. Each exercise below says why."
    failing = sum(len(section.failed) for section in sections)
    text = f"{holds} of {words.plural(count, 'claim')} {'holds' if holds == 1 else 'hold'}."
    if failing == 1:
        text += " For the one that fails, you find the smallest case that shows it."
    elif failing:
        text += f" For each of the {failing} that fail, you find the smallest case that shows it."
    stopped = sum(len(section.stopped) for section in sections)
    text += f" {stopped} ran out of time." if stopped else ""
    left = count - holds - failing - stopped
    return f"{text} {left} {'was' if left == 1 else 'were'} not looked at." if left > 0 else text


def _section(exercise: ExerciseReport, position: int) -> Section:
    anchor = f"exercise-{position}"
    anchors = {outcome.id: f"{anchor}-{i}" for i, outcome in enumerate(exercise.properties, start=1)}
    by_id = {outcome.id: outcome for outcome in exercise.properties}
    claims = [
        (outcome.status, _claim(outcome, f"{anchor}-{i}", _roots(outcome, by_id, anchors)))
        for i, outcome in enumerate(exercise.properties, start=1)
    ]

    def of(status: str) -> tuple[Claim, ...]:
        return tuple(claim for its, claim in claims if its == status)

    graded = exercise.status == "graded"
    return Section(
        anchor=anchor,
        id=visible(exercise.id, ID_LIMIT),
        title=visible(exercise.title or exercise.id, 300),
        label=words.EXERCISE[exercise.status],
        graded=graded,
        message=visible(exercise.message, keep_lines=True),
        advice=words.NEXT.get(exercise.status, ""),
        score=number(exercise.score),
        max_score=number(exercise.max_score),
        share=share(exercise.score, exercise.max_score),
        failed=of("failed"),
        stopped=of("timed_out"),
        errors=of("error"),
        not_run=of("not_run"),
        waiting=_together(of("not_run")),
        passed=of("passed"),
        mistakes=tuple(
            NamedMistake(
                visible(item.id, ID_LIMIT),
                visible(item.title, 300),
                visible(item.hint),
                visible(item.why, 500),
            )
            for item in exercise.mistakes
        ),
        notes=tuple(visible(note, 500) for note in exercise.notes[:_MANY]),
        refused=visible(", ".join(exercise.refused), 300),
        contract=blocks(exercise.contract),
    )


def _roots(
    outcome: Outcome, by_id: Mapping[str, Outcome], anchors: Mapping[str, str]
) -> tuple[tuple[str, str], ...]:
    """What the claim waits on in the end: anchors and titles of claims that were run."""
    found: dict[str, None] = {}
    seen: set[str] = set()
    ahead = list(outcome.waits_on)
    while ahead:
        id = ahead.pop(0)
        if id in by_id and id not in seen:
            seen.add(id)
            if by_id[id].status == "not_run":
                ahead += by_id[id].waits_on
            else:
                found[id] = None
    return tuple((anchors[id], _title(by_id[id])) for id in by_id if id in found)


def _claim(outcome: Outcome, anchor: str, waits_on: tuple[tuple[str, str], ...]) -> Claim:
    error = outcome.status == "error"  # what the grader tripped over tells a student nothing
    case: Mapping[str, Any] = {} if error else outcome.counterexample or {}
    arguments = case.get("arguments") or {}
    drawn = picture(case.get("picture"))
    comparison, yours = (
        (None, "") if isinstance(drawn, Tree) else _values(case)
    )  # a tree has both sides in it
    heading, message = _heading("" if error else outcome.message)
    return Claim(
        anchor=anchor,
        title=_title(outcome),
        label=words.PROPERTY[outcome.status],
        points=number(outcome.points),
        max_points=number(outcome.max_points),
        sentence=visible(outcome.sentence, 1000),
        heading=heading or _title(outcome),
        message=words.GRADER_AT_FAULT if error else message,
        arguments=tuple((visible(name, 60), argument(arguments[name])) for name in list(arguments)[:_MANY]),
        comparison=comparison,
        yours=yours,
        picture=drawn,
        facts=tuple(visible(fact, 500) for fact in list(case.get("facts") or ())[:_MANY]),
        hints=tuple(visible(hint, 500) for hint in outcome.hints[:_MANY]),
        reproduce="" if error else visible(outcome.reproduce, _CODE_LIMIT, keep_lines=True),
        again=_again(case.get("case")),
        waits_on=waits_on,
    )


def _again(case: Any) -> str:
    """The command that replays a stored case."""
    if not isinstance(case, Mapping):
        return ""
    exercise, claim = (visible(case.get(name), ID_LIMIT) for name in ("exercise", "property"))
    return f"loralab check YOUR_FILE --exercise {exercise} --case report.json --property {claim}"


def _title(outcome: Outcome) -> str:
    """The claim as a heading or a link: without the full stop."""
    return _without_stop(visible(outcome.title, 300))


def _heading(message: str) -> tuple[str, str]:
    """A message's first line as a heading, and what else it says; a long line is cut and stands below in full."""
    first, _, rest = visible(message, keep_lines=True, most_lines=_LINES).partition("\n")
    if len(first) <= _HEADING:
        return _without_stop(first), rest
    cut = first[:_HEADING].rpartition(" ")[0] or first[:_HEADING]
    return f"{cut} …", f"{first}\n{rest}".rstrip("\n")


def _without_stop(text: str) -> str:
    return text.removesuffix(".") if not text.endswith("..") else text


def _together(claims: tuple[Claim, ...]) -> tuple[tuple[Claim, ...], ...]:
    """Claims that wait on the same ones, next to each other."""
    groups: dict[tuple[tuple[str, str], ...], list[Claim]] = {}
    for claim in claims:
        groups.setdefault(claim.waits_on, []).append(claim)
    return tuple(map(tuple, groups.values()))


def _values(case: Mapping[str, Any]) -> tuple[Comparison | None, str]:
    """The comparison, or what was observed alone where nothing is expected."""
    observed, expected = case.get("observed"), case.get("expected")
    if expected is not None and "observed" in case:
        return compare(observed, expected), ""
    if isinstance(observed, str):
        return None, visible(observed, keep_lines=True)
    return None, "" if observed is None else inline(observed)


def _protections(protections: Mapping[str, Any]) -> str:
    """The protections in one sentence, without anything that varies from run to run."""
    level, highest = protections.get("level"), protections.get("of")
    if not isinstance(level, int):
        return "Which protections were active while it ran stands in report.json."
    scale = f" of {highest}" if isinstance(highest, int) else ""
    names = {name: value for name, value in list(protections.items())[:_MANY] if name not in {"level", "of"}}
    active = [visible(name, 40) for name, value in names.items() if value is True]
    lacking = [
        f"{visible(name, 40)} ({visible(value.removeprefix('inactive').lstrip(': '), 120) or 'inactive'})"
        for name, value in names.items()
        if isinstance(value, str) and value.startswith("inactive")
    ]
    text = f"This submission ran in a box with protection level {level}{scale}."
    text += f" Active: {', '.join(active)}." if active else ""
    return text + (f" Not active: {', '.join(lacking)}." if lacking else "")
