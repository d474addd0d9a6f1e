"""One submission's exercise in the box: loads it, asks it, and starts a fresh worker where one was lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graders.exercise import Case, Experiment, Failure, Seen
from graders.judge.box import Answer, Box, Worker
from graders.judge.reading import KIT, Submission
from graders.judge.talk import WALL_PER_CPU
from graders.report import REFUSALS, ExerciseStatus
from graders.worker.wire import visible

LOAD_SECONDS = 10.0  # CPU seconds for loading a submission
MOST_PLACEHOLDERS = 10  # hidden packages that a file may import at its top
MOST_TEXT = 500  # characters of a text from the worker, which cuts and cleans too, if it is still the worker
AGAIN = ("timed_out", "out_of_memory")  # a busy machine may be why
ALONE = 2.0  # then it is run again, alone, with this many times the limit on time


@dataclass(frozen=True)
class Material:
    """What the worker needs besides the submission: the same for every student."""

    exercise: str
    defines: tuple[str, ...]
    exercise_files: Mapping[str, tuple[str, ...]]  # every exercise's id and names
    stubs: Mapping[str, str]
    given: str
    forbidden: tuple[str, ...] = ("graders", "lora_reference", "reference_solutions")


@dataclass(frozen=True)
class Loaded:
    """What loading came to. `states` tells for each name: `attempt`, `stub` or `missing`."""

    status: ExerciseStatus
    message: str = ""
    states: Mapping[str, str] = field(default_factory=dict)
    where: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


class Session:
    """A submission's exercise, ready to be asked. Use as a context manager."""

    def __init__(self, box: Box, submission: Submission, material: Material) -> None:
        self.box = box
        self.submission = submission
        self.material = material
        self.worker: Worker | None = None
        self.recipe: dict[str, Any] | None = None  # the load request that worked
        self.cpu_seconds = self.wall_seconds = 0.0  # of its workers, while they were asked
        self.peak = 0  # most bytes of memory that one of its workers had in use, as far as they have ended
        self._tried: set[str] = set()

    @property
    def refused(self) -> tuple[str, ...]:
        """What the submission was seen to try that the box refuses, by its workers' word."""
        return tuple(word for word in REFUSALS if word in self._tried)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """End the worker."""
        if self.worker is not None:
            self.worker.close()
            self.peak = max(self.peak, self.worker.peak)
            self.worker = None

    def load(self) -> Loaded:
        """Load the submission: its file whole, else by definitions; hidden packages as placeholders if need be.

        What ran out of time or memory is loaded once more, alone.
        """
        for request in self._attempts():
            answer, found = self._try(request, LOAD_SECONDS)
            if found is not None:
                return self._loaded(answer, found)
        if answer.kind in AGAIN:
            with self.box.alone():
                answer, found = self._try(request, LOAD_SECONDS * ALONE)
            if found is not None:
                return self._loaded(answer, found)
        return self._not_loaded(answer)

    def _try(
        self, request: dict[str, Any], cpu_seconds: float
    ) -> tuple[Answer, dict[str, tuple[str, str]] | None]:
        """Load in one way; what was found, where it worked."""
        answer = self._fresh(request, cpu_seconds)
        placeholders = list(request["placeholders"])
        while (package := _missing_package(answer)) and len(placeholders) < MOST_PLACEHOLDERS:
            if request["mode"] != "whole" or package in placeholders:
                break
            placeholders.append(package)
            request = {**request, "placeholders": list(placeholders)}
            answer = self._fresh(request, cpu_seconds)
        found = _found(answer, self.material.defines)
        if found is not None:
            self.recipe = request
        return answer, found

    def ask_case(self, experiment: Experiment, case: Case) -> Seen:
        """Let an experiment's probe look at one of its cases, within the case's limit."""
        return self.ask(experiment.probe, experiment.arguments(case), case["seed"], experiment.limit(case))

    def ask(self, probe: str, arguments: Mapping[str, Any], seed: int, cpu_seconds: float) -> Seen:
        """Let a probe look. A call that ran out of time or memory is run once more, alone, before it counts."""
        request = {"op": "probe", "probe": probe, "arguments": dict(arguments), "seed": seed}
        answer = self._ask(request, cpu_seconds)
        if answer.kind in AGAIN:
            with self.box.alone():
                answer = self._ask(request, cpu_seconds * ALONE, WALL_PER_CPU * cpu_seconds)
        return _seen(answer, cpu_seconds)

    def _ask(self, request: dict[str, Any], cpu_seconds: float, wall_seconds: float | None = None) -> Answer:
        if self.worker is None:
            assert self.recipe is not None, "ask() needs a submission that was loaded"
            again = self._fresh(self.recipe, LOAD_SECONDS * ALONE)
            if _found(again, self.material.defines) is None:
                return again if again.kind != "replied" else _broken(again)
        return self._send(request, cpu_seconds, wall_seconds)

    def _attempts(self) -> list[dict[str, Any]]:
        whole = f"{self.material.exercise}.py" in self.submission.files
        modes = ["whole", "definitions"] if whole else ["definitions"]
        return [
            {
                "op": "load",
                "exercise": self.material.exercise,
                "defines": list(self.material.defines),
                "folder": self.submission.assignment,
                "mode": mode,
                "placeholders": [],
                "files": dict(self.submission.files),
                "notebook": self.submission.notebook,
                "exercise_files": {name: list(names) for name, names in self.material.exercise_files.items()},
                "stubs": dict(self.material.stubs),
                "given": self.material.given,
                "forbidden": list(self.material.forbidden),
            }
            for mode in modes
        ]

    def _fresh(self, request: dict[str, Any], cpu_seconds: float) -> Answer:
        self.close()
        self.worker = self.box.worker()
        return self._send(request, cpu_seconds)

    def _send(self, request: dict[str, Any], cpu_seconds: float, wall_seconds: float | None = None) -> Answer:
        assert self.worker is not None
        answer = self.worker.ask(request, cpu_seconds=cpu_seconds, wall_seconds=wall_seconds)
        self.cpu_seconds += answer.cpu_seconds
        self.wall_seconds += answer.wall_seconds
        if answer.kind != "replied":
            self.close()
        self._tried |= _tried(answer)
        return answer

    def _loaded(self, answer: Answer, found: dict[str, tuple[str, str]]) -> Loaded:
        states = {name: state for name, (state, _) in found.items()}
        where = {name: place for name, (_, place) in found.items()}
        notes = _notes(answer)
        if any(state == "attempt" for state in states.values()):
            return Loaded("graded", "", states, where, notes)
        if all(state == "stub" for state in states.values()):
            what = (
                "is still the stub that was handed out"
                if len(states) == 1
                else "are still the stubs handed out"
            )
            message = f"Nothing to grade yet: {_and(list(states))} {what}."
            own = f"{self.material.exercise}.py"
            if own in self.submission.files and "file" not in where.values():
                message += f" That is in the notebook; {own} gave no definition of it."
            message += " Whenever you start, this page will help."
            return Loaded("not_attempted", message, states, where, notes)
        return self._missing(states, where, notes)

    def _missing(self, states: dict[str, str], where: dict[str, str], notes: tuple[str, ...]) -> Loaded:
        name = f"{self.material.exercise}.py"
        gone = [item for item, state in states.items() if state == "missing"]
        problems = self.submission.problems
        problem = problems.get(name) or next(
            (text for file, text in problems.items() if not file.endswith(".py")), ""
        )
        if problem and not self.submission.files.get(name):
            return Loaded("unreadable", problem, states, where, notes)
        names = sorted(self.submission.files, key=lambda name: (name.startswith(KIT), "/" in name, name))
        present = [*names, *([self.submission.notebook_name] if self.submission.notebook else [])]
        handed_in = f"handed in: {', '.join(present[:12])}" if present else "nothing was handed in"
        if others := self.submission.others:
            handed_in += f"; not read: {', '.join(others[:5])}{', ...' if len(others) > 5 else ''}"
        message = f"No definition of {_and(gone)} was found, in {name} or in a notebook ({handed_in})."
        return Loaded("missing", message, states, where, notes)

    def _not_loaded(self, answer: Answer) -> Loaded:
        states = dict.fromkeys(self.material.defines, "missing")
        status, message = _why_not_loaded(answer)
        return Loaded(status, message, states, {}, _notes(answer))


def _and(names: list[str]) -> str:
    names = [f"`{name}`" for name in names]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _raised(answer: Answer) -> Mapping[str, Any] | None:
    """The reply's `raised`, if there is one that has the shape of the protocol."""
    if answer.kind != "replied" or not isinstance(answer.value, dict):
        return None
    raised = answer.value.get("raised")
    return raised if isinstance(raised, dict) else None


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data.get(name)
    return visible(value, MOST_TEXT) if isinstance(value, str) else ""


def _missing_package(answer: Answer) -> str:
    raised = _raised(answer)
    return _text(raised, "missing_package") if raised else ""


def _found(answer: Answer, defines: tuple[str, ...]) -> dict[str, tuple[str, str]] | None:
    """Name -> (state, where) of a reply that says what was found; None for every other answer."""
    if answer.kind != "replied" or not isinstance(answer.value, dict):
        return None
    found = answer.value.get("found")
    if not isinstance(found, dict):
        return None
    result = {}
    for name in defines:
        entry = found.get(name)
        state = _text(entry, "state") if isinstance(entry, dict) else ""
        where = _text(entry, "where") if isinstance(entry, dict) else ""
        result[name] = (state if state in ("attempt", "stub") else "missing", where)
    return result


def _notes(answer: Answer) -> tuple[str, ...]:
    if answer.kind != "replied" or not isinstance(answer.value, dict):
        return ()
    notes = answer.value.get("notes")
    if not isinstance(notes, list):
        return ()
    return tuple(visible(note, MOST_TEXT) for note in notes[:20] if isinstance(note, str))


def _tried(answer: Answer) -> set[str]:
    """Of a reply's words for what was tried, those that there are."""
    words = answer.value.get("tried") if answer.kind == "replied" and isinstance(answer.value, dict) else None
    return (
        {word for word in words if isinstance(word, str) and word in REFUSALS}
        if isinstance(words, list)
        else set()
    )


def _frames(raised: Mapping[str, Any]) -> tuple[tuple[int, str], ...]:
    frames = raised.get("frames")
    good = []
    for frame in frames[:10] if isinstance(frames, list) else []:
        if (
            isinstance(frame, list)
            and len(frame) == 2
            and type(frame[0]) is int
            and isinstance(frame[1], str)
        ):
            good.append((frame[0], visible(frame[1], MOST_TEXT)))
    return tuple(good)


def _why_not_loaded(answer: Answer) -> tuple[ExerciseStatus, str]:
    raised = _raised(answer)
    if raised is None:
        if answer.kind == "timed_out":
            return "timed_out", f"Loading your file did not finish within {LOAD_SECONDS:.0f} s of computing."
        if answer.kind == "out_of_memory":
            return "out_of_memory", "Loading your file needed more memory than there is."
        return "crashed", f"Loading your file ended the process it ran in ({answer.detail or 'no answer'})."
    kind, message = _text(raised, "type"), _text(raised, "message")
    frames = _frames(raised)
    line = f" (line {frames[-1][0]}: {frames[-1][1].strip()})" if frames else ""
    if package := _text(raised, "forbidden_package"):
        return "forbidden", (
            f"Your file needs `{package}`, which belongs to the grader and cannot be imported{line}. "
            "Please write the function yourself."
        )
    if "null byte" in message or kind in ("UnicodeDecodeError", "UnicodeError") or "codec can't" in message:
        return "unreadable", f"Your file could not be read as Python text: {message}"
    if kind in ("MemoryError", "OutOfMemoryError") and not frames:
        return "import_failed", "Python could not parse your file: it is nested too deeply."
    return "import_failed", f"Your file could not be loaded: {kind}: {message}{line}"


def _seen(answer: Answer, cpu_seconds: float) -> Seen:
    if answer.kind != "replied":
        detail = answer.detail
        if answer.kind == "timed_out":
            detail = f"It was stopped after {cpu_seconds:g} s of computing, or {3 * cpu_seconds:g} s in all."
        return Seen({}, Failure(answer.kind, "", "", detail))
    value = answer.value
    if not isinstance(value, dict) or not isinstance(value.get("seen"), dict):
        return Seen({}, Failure("broken_protocol", "", "", ""))
    raised = value.get("raised")
    if raised is None:
        return Seen(value["seen"])
    if not isinstance(raised, dict):
        return Seen({}, Failure("broken_protocol", "", "", ""))
    kind, message = _text(raised, "type"), _text(raised, "message")
    lack = kind == "MemoryError" or "can't allocate memory" in message
    failure = Failure(
        "out_of_memory" if lack else "raised", _text(raised, "step"), kind, message, _frames(raised)
    )
    return Seen(value["seen"], failure)


def _broken(answer: Answer) -> Answer:
    return Answer(
        "broken_protocol",
        None,
        "loaded once, but not a second time",
        answer.cpu_seconds,
        answer.wall_seconds,
    )
