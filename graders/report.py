"""The nouns of a result, and their JSON form (`report.schema.json`, version 1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

SCHEMA_VERSION = 1

PropertyStatus = Literal["passed", "failed", "timed_out", "not_run", "error"]
ExerciseStatus = Literal[
    "graded",
    "not_attempted",
    "missing",
    "unreadable",
    "import_failed",
    "timed_out",
    "crashed",
    "out_of_memory",
    "forbidden",
]

REFUSALS = (  # what no exercise needs and a submission may be seen to try, in this order; most of it the box refuses
    "network",
    "new process",
    "ending a process",
    "writing a file",
    "reading a file",
    "native code",
    "the grader's modules",
    "looking at what calls it",
)


@dataclass(frozen=True)
class Outcome:
    """What one property came to. `counterexample` is the smallest failing case as JSON-able data:

    {"arguments": {name: value, ...}, "expected": value, "observed": value, "facts": [sentence, ...],
     "picture": {"kind": "bars" | "levels" | "tree" | "curves", ...},
     "case": {"exercise": id, "experiment": id, "property": id, "case": {parameter: value, ...}}}

    where a value is null, a number, a string, a boolean, a list, a dict, or a tensor as
    {"dtype": "float32", "shape": [2, 3], "values": nested list, or null when there are too many}.
    """

    id: str
    title: str
    points: float
    max_points: float
    status: PropertyStatus
    message: str = ""
    sentence: str = ""  # the contract's sentence that the property holds the submission to
    counterexample: Mapping[str, Any] | None = None
    reproduce: str | None = None
    hints: tuple[str, ...] = ()  # from where to look to a strategy; never the solution
    waits_on: tuple[str, ...] = ()  # for `not_run`: ids of the failed properties it waits on
    needs_person: bool = False

    def to_json(self) -> dict[str, Any]:
        """The outcome as JSON-able data; what does not apply is absent."""
        data: dict[str, Any] = {
            "id": self.id,
            "title": self.title,
            "points": round(self.points, 2),
            "max_points": round(self.max_points, 2),
            "status": self.status,
            "message": self.message,
            "sentence": self.sentence,
        }
        if self.counterexample is not None:
            data["counterexample"] = dict(self.counterexample)
        if self.reproduce is not None:
            data["reproduce"] = self.reproduce
        if self.hints:
            data["hints"] = list(self.hints)
        if self.waits_on:
            data["waits_on"] = list(self.waits_on)
        if self.needs_person:
            data["needs_person"] = True
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Outcome:
        """The inverse of `to_json`. Raises KeyError or TypeError for data of another shape."""
        return cls(
            id=data["id"],
            title=data["title"],
            points=data["points"],
            max_points=data["max_points"],
            status=data["status"],
            message=data["message"],
            sentence=data["sentence"],
            counterexample=data.get("counterexample"),
            reproduce=data.get("reproduce"),
            hints=tuple(data.get("hints", ())),
            waits_on=tuple(data.get("waits_on", ())),
            needs_person=data.get("needs_person", False),
        )


@dataclass(frozen=True)
class NamedMistake:
    """The idea behind a failure, named only when it is certain."""

    id: str
    title: str
    hint: str
    why: str = ""  # why it is certain, in a sentence

    def to_json(self) -> dict[str, Any]:
        """The mistake as JSON-able data."""
        return {"id": self.id, "title": self.title, "hint": self.hint, "why": self.why}


@dataclass(frozen=True)
class ExerciseReport:
    """One exercise of one submission. Its score is the sum of its properties' points."""

    id: str
    title: str
    status: ExerciseStatus
    message: str
    properties: tuple[Outcome, ...]
    mistakes: tuple[NamedMistake, ...] = ()
    notes: tuple[str, ...] = ()  # what the loader skipped or took, for the student
    contract: str = ""  # what the exercise asks for, Markdown
    refused: tuple[str, ...] = ()  # of REFUSALS: what its code was seen to try; a hint, never points

    @property
    def score(self) -> float:
        """Points earned, at most two decimals."""
        return round(sum(outcome.points for outcome in self.properties), 2)

    @property
    def max_score(self) -> float:
        """Points that could be earned."""
        return round(sum(outcome.max_points for outcome in self.properties), 2)

    def to_json(self) -> dict[str, Any]:
        """The exercise as JSON-able data."""
        return {
            "id": self.id,
            "title": self.title,
            "score": self.score,
            "max_score": self.max_score,
            "status": self.status,
            "message": self.message,
            "properties": [outcome.to_json() for outcome in self.properties],
            "mistakes": [mistake.to_json() for mistake in self.mistakes],
            "notes": list(self.notes),
            "contract": self.contract,
            "refused": list(self.refused),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ExerciseReport:
        """The inverse of `to_json`."""
        return cls(
            id=data["id"],
            title=data["title"],
            status=data["status"],
            message=data["message"],
            properties=tuple(Outcome.from_json(item) for item in data["properties"]),
            mistakes=tuple(
                NamedMistake(item["id"], item["title"], item["hint"], item.get("why", ""))
                for item in data["mistakes"]
            ),
            notes=tuple(data.get("notes", ())),
            contract=data.get("contract", ""),
            refused=tuple(data.get("refused", ())),
        )


@dataclass(frozen=True)
class Report:
    """One graded submission."""

    student_id: str
    assignment: str
    exercises: tuple[ExerciseReport, ...]
    protections: Mapping[str, Any] = field(default_factory=dict)  # may differ between runs
    environment: Mapping[str, Any] = field(default_factory=dict)  # may differ between runs
    timing: Mapping[str, Any] = field(default_factory=dict)  # may differ between runs

    @property
    def score(self) -> float:
        """Points earned, at most two decimals."""
        return round(sum(exercise.score for exercise in self.exercises), 2)

    @property
    def max_score(self) -> float:
        """Points that could be earned."""
        return round(sum(exercise.max_score for exercise in self.exercises), 2)

    @property
    def status(self) -> str:
        """`needs_person` if a property is `error`, else `partly_graded` or `graded` (the class table's column)."""
        outcomes = [outcome for exercise in self.exercises for outcome in exercise.properties]
        if any(outcome.status == "error" for outcome in outcomes):
            return "needs_person"
        return (
            "graded" if all(exercise.status == "graded" for exercise in self.exercises) else "partly_graded"
        )

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-able data, as `report.schema.json` describes it."""
        return {
            "schema_version": SCHEMA_VERSION,
            "student_id": self.student_id,
            "assignment": self.assignment,
            "score": self.score,
            "max_score": self.max_score,
            "exercises": [exercise.to_json() for exercise in self.exercises],
            "protections": dict(self.protections),
            "environment": dict(self.environment),
            "timing": dict(self.timing),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Report:
        """The inverse of `to_json`. Raises ValueError for another schema version, KeyError or TypeError for other shapes."""
        if data["schema_version"] != SCHEMA_VERSION:
            raise ValueError(
                f"schema_version is {data['schema_version']}, this version reads {SCHEMA_VERSION}"
            )
        return cls(
            student_id=data["student_id"],
            assignment=data["assignment"],
            exercises=tuple(ExerciseReport.from_json(item) for item in data["exercises"]),
            protections=data["protections"],
            environment=data["environment"],
            timing=data["timing"],
        )
