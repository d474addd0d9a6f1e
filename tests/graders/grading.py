"""Grades one exercise of the submissions under `tests/submissions/`, in the box."""

from __future__ import annotations

from pathlib import Path

from graders.exercise import Case, Exercise, Experiment, Seen
from graders.grade import assignments, grade_exercise, material
from graders.judge.box import Box
from graders.judge.diagnosis import name_mistakes
from graders.judge.reading import Submission
from graders.judge.search import Effort
from graders.judge.session import Session
from graders.report import ExerciseReport
from graders.settings import Settings

SUBMISSIONS = Path(__file__).parent.parent / "submissions"
EXERCISES = {exercise.id: exercise for exercise in assignments()["lora_theory"].exercises}


def submissions(verdict: str) -> list[tuple[str, Path]]:
    """(exercise id, file) of every submission in the folders named `verdict`."""
    return [(path.parent.parent.name, path) for path in sorted(SUBMISSIONS.glob(f"*/{verdict}/*.py"))]


def label_of(path: Path) -> str:
    """The mistakes of a wrong submission, as its first line names them: `one`, or `one + other`."""
    return path.read_bytes().splitlines()[0].decode().removeprefix("# mistake: ")


def grade_file(
    exercise: Exercise, path: Path, box: Box, settings: Settings, effort: Effort = "full"
) -> ExerciseReport:
    """Grade one file as the exercise's."""
    return grade_text(exercise, path.read_bytes(), box, settings, effort)


def grade_text(
    exercise: Exercise, text: bytes, box: Box, settings: Settings, effort: Effort = "full"
) -> ExerciseReport:
    """Grade a text as the exercise's file."""
    submission = Submission("somebody", "lora_theory", {f"{exercise.id}.py": text})
    return grade_exercise(submission, exercise, box, settings, effort)[0]


def lost(report: ExerciseReport) -> list[str]:
    """What did not pass, in words."""
    return [
        f"{item.id} {item.status}: {item.message}" for item in report.properties if item.status != "passed"
    ]


def named(exercise: Exercise, submission: Submission, box: Box) -> set[str]:
    """The ids of the mistakes that are named for a submission, whatever its verdict."""
    with Session(box, submission, material(submission.assignment, exercise.id)) as session:
        session.load()

        def ask(experiment: Experiment, case: Case) -> Seen:
            asked = {"seed": 0, **case}
            seen = session.ask(
                experiment.probe, experiment.arguments(asked), asked["seed"], experiment.limit(asked)
            )
            if "seed" not in case:
                session.close()  # a grading has seen that one before, in another process
            return seen

        assert exercise.naming is not None
        return {mistake.id for mistake in name_mistakes(exercise.naming, ask)}
