"""A class is graded whatever is handed in and whatever happens meanwhile.

The grading itself is a fake here: a submission's text says how its grading goes.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from graders.report import ExerciseReport, Outcome, Report
from graders.run import (
    CallError,
    GraderError,
    Result,
    Student,
    Submission,
    Wish,
    choose,
    ledger,
    list_students,
    output_names,
    pool,
    read_report,
    run_class,
    safe_name,
    salt_of,
)
from graders.run.opening import WarmBox
from graders.settings import Settings

EXERCISES = ("one", "two")


@dataclass
class FakeBox:
    """A box with nothing in it."""

    protections: Mapping[str, Any] = field(default_factory=lambda: {"level": 2})
    device: str = "cpu"

    def share(self) -> FakeBox:
        return self

    def close(self) -> None:
        pass


def fake_grade(
    submission: Submission,
    box: Any,
    settings: Settings,
    only: Sequence[str] | None = None,
    progress: Callable[[str], None] | None = None,
) -> Report:
    """Does to the grading process what the submission's text says, or gives its length as points."""
    text = submission.files.get("work.py", b"").decode()
    if text == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    elif text == "exits":
        os._exit(3)
    elif text == "raises":
        raise ValueError("a bug\nof ours")
    elif text == "too much":
        raise MemoryError
    elif text == "hangs":
        time.sleep(600)
    assert only is not None
    for name in only:
        if progress:
            progress(name)
    results = tuple(
        ExerciseReport(name, name, "graded", "", (Outcome("p", "P.", float(len(text)), 100.0, "passed"),))
        for name in only
    )
    timing = {name: {"worker_cpu_seconds": 0.5} for name in only}
    return Report(
        submission.student_id, submission.assignment, results, box.protections, {"torch": "2"}, timing
    )


class Class:
    """A class on disk, and what its runs came to."""

    def __init__(self, home: Path) -> None:
        self.submitted, self.output = home / "submitted", home / "reports"
        self.submitted.mkdir()
        self.salt = "0" * 32
        self.settings = Settings(jobs=2)

    def hand_in(self, student_id: str, text: str) -> None:
        folder = self.submitted / student_id / "lora_theory"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "work.py").write_text(text)

    def path(self, student: Student) -> Path:
        return self.output / student.name / "report.json"

    def results(self, ids: Sequence[str] = (), **wishes: Any) -> Iterator[Result]:
        box = wishes.pop("box", FakeBox())
        wish = replace(Wish("lora_theory", EXERCISES, self.settings), **wishes)
        students = list_students(self.submitted, "lora_theory").students
        if ids:
            students = choose(students, ids)
        for result in run_class(students, self.path, wish, self.salt, box, fake_grade):
            if result.report is not None:
                self.path(result.student).parent.mkdir(parents=True, exist_ok=True)
                self.path(result.student).write_text(json.dumps(result.report.to_json()))
            yield result

    def run(self, ids: Sequence[str] = (), **wishes: Any) -> dict[str, Result]:
        return {result.student.student_id: result for result in self.results(ids, **wishes)}

    def hows(self, ids: Sequence[str] = (), **wishes: Any) -> dict[str, str]:
        return {student_id: result.how for student_id, result in self.run(ids, **wishes).items()}


@pytest.fixture
def course(tmp_path: Path) -> Class:
    return Class(tmp_path)


def scores(result: Result) -> dict[str, float]:
    assert result.report is not None
    return {exercise.id: exercise.score for exercise in result.report.exercises}


class TestWhateverHappens:
    """A grading process may die; its submission is named and the class goes on."""

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    @pytest.mark.parametrize("jobs", [1, 2])
    @pytest.mark.parametrize(
        ("text", "failure"),
        [
            ("killed", "the grading process was killed by SIGKILL"),
            ("exits", "the grading process ended with status 3"),
            ("raises", "the grader raised ValueError: a bug of ours"),
            ("too much", "the grader raised MemoryError"),
        ],
    )
    def test_a_death_costs_one_submission(self, course: Class, text: str, failure: str, jobs: int) -> None:
        """Every other submission is graded, before and after it, and the failure is one line."""
        course.settings = Settings(jobs=jobs)
        for student_id in ("ada", "bob", "eve", "zoe"):
            course.hand_in(student_id, "fine")
        course.hand_in("carl", text)
        results = course.run()
        assert results["carl"].failure == failure
        assert (results["carl"].how, results["carl"].report) == ("failed", None)
        assert {name: result.how for name, result in results.items() if name != "carl"} == dict.fromkeys(
            ("ada", "bob", "eve", "zoe"), "graded"
        )

    def test_an_exception_keeps_its_traceback(self, course: Class) -> None:
        """Whoever looks after the grader gets to see where it raised."""
        course.hand_in("carl", "raises")
        assert "fake_grade" in course.run()["carl"].details

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_everybody_dies(self, course: Class) -> None:
        """A class in which every grading dies ends, with every one named."""
        for i in range(7):
            course.hand_in(f"s{i}", "killed")
        assert course.hows() == dict.fromkeys((f"s{i}" for i in range(7)), "failed")

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_a_stuck_grading_is_stopped(self) -> None:
        """A task that takes longer than any grading can is stopped, and the next one is done."""

        def work(task: str, say: pool.Say) -> bytes:
            if task == "hangs":
                time.sleep(600)
            return b"done"

        done = list(pool.do_all(iter(["hangs", "next"]), lambda: nullcontext(work), 1, task_seconds=0.5))
        assert [(item.task, item.value) for item in done] == [("hangs", None), ("next", b"done")]
        assert "was stopped" in done[0].failure

    def test_an_empty_class_of_work(self, course: Class) -> None:
        """A student without the assignment's folder is graded like one who handed in nothing."""
        (course.submitted / "ada").mkdir()
        assert scores(course.run()["ada"]) == {"one": 0.0, "two": 0.0}

    def test_news_and_starts_are_told(self, course: Class) -> None:
        """Whoever watches is told who is graded, and at which exercise the grading is."""
        course.hand_in("ada", "fine")
        told: list[tuple[str, ...]] = []
        students = list_students(course.submitted, "lora_theory").students
        wish = Wish("lora_theory", EXERCISES, course.settings)
        list(
            run_class(
                students, course.path, wish, course.salt, FakeBox(), fake_grade,
                on_start=lambda student: told.append((student.student_id,)),
                on_news=lambda student, news: told.append((student.student_id, news)),
            )
        )  # fmt: skip
        assert told == [("ada",), ("ada", "one"), ("ada", "two")]


class TestWarmBox:
    """The box of a run lives as long as the run."""

    def test_a_warm_process_that_died(self) -> None:
        """Where nothing can be asked of the box any more, the next grading process gets a new one."""

        class Dead(FakeBox):
            def share(self) -> FakeBox:
                raise OSError("broken pipe")

        boxes = [Dead(), FakeBox({"level": 1})]
        box = WarmBox(lambda: boxes.pop(0))
        assert box.share().protections == {"level": 1}
        assert boxes == []

    def test_none_to_be_had(self, course: Class) -> None:
        """Where no box opens again the run ends; what is graded until then stays."""

        def open_new() -> FakeBox:
            if not boxes:
                raise GraderError("the box could not be opened: no memory")
            return boxes.pop(0)

        boxes: list[FakeBox] = [OnceBox()]
        course.settings = Settings(jobs=1)
        course.hand_in("ada", "fine")
        course.hand_in("bob", "raises")
        course.hand_in("carl", "fine")
        with pytest.raises(GraderError, match="no memory"):
            course.run(box=WarmBox(open_new))
        assert course.hows() == {"ada": "kept", "bob": "failed", "carl": "graded"}


class OnceBox(FakeBox):
    """A box whose warm process dies after its first use."""

    def share(self) -> FakeBox:
        if getattr(self, "used", False):
            raise OSError("broken pipe")
        self.used = True
        return self


class TestInterruption:
    """Whatever is finished stays."""

    def test_goes_on_where_it_was_left(self, course: Class) -> None:
        """A run that is left after two submissions keeps these two when it is started again."""
        for i in range(5):
            course.hand_in(f"s{i}", "fine")
        running = course.results()
        first = {next(running).student.student_id, next(running).student.student_id}
        running.close()  # type: ignore[attr-defined]
        hows = course.hows()
        assert {student_id for student_id, how in hows.items() if how == "kept"} == first
        assert set(hows) == {f"s{i}" for i in range(5)}

    @pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux only")
    def test_no_process_stays_behind(self, course: Class) -> None:
        """Leaving a run ends its grading processes, those at work too."""
        course.hand_in("ada", "fine")
        course.hand_in("bob", "hangs")
        others = set(_children())  # of other tests in this process
        running = course.results()
        assert next(running).student.student_id == "ada"
        children = set(_children()) - others
        assert len(children) == 2
        running.close()  # type: ignore[attr-defined]
        assert not children & set(_children())


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


class TestWhatIsKept:
    """Only what could come out otherwise is graded again."""

    def test_nothing_changed(self, course: Class) -> None:
        """The same run again keeps every result, byte for byte."""
        course.hand_in("ada", "fine")
        first = course.run()["ada"].report
        again = course.run()["ada"]
        assert again.how == "kept"
        assert again.report == first

    def test_a_submission_that_changed(self, course: Class) -> None:
        """Only who handed in anew is graded again."""
        course.hand_in("ada", "fine")
        course.hand_in("bob", "fine")
        course.run()
        course.hand_in("bob", "better")
        assert course.hows() == {"ada": "kept", "bob": "graded"}

    @pytest.mark.parametrize("settings", [Settings(seed=5), Settings(examples=9), Settings(sandbox="off")])
    def test_a_setting_that_changes_verdicts(self, course: Class, settings: Settings) -> None:
        """Another seed, other examples or another sandbox grade anew."""
        course.hand_in("ada", "fine")
        course.run()
        assert course.hows(settings=settings) == {"ada": "graded"}

    def test_what_was_really_active(self, course: Class) -> None:
        """The same wish under other protections or on another device grades anew."""
        course.hand_in("ada", "fine")
        course.run()
        assert course.hows(box=FakeBox({"level": 0})) == {"ada": "graded"}
        assert course.hows(box=FakeBox({"level": 0}, "cuda")) == {"ada": "graded"}

    def test_jobs_change_nothing(self, course: Class) -> None:
        """The number of jobs is no reason to grade anew."""
        course.hand_in("ada", "fine")
        course.run()
        assert course.hows(settings=Settings(jobs=1)) == {"ada": "kept"}

    def test_another_version(self, course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
        """A grader whose sources changed grades anew."""
        course.hand_in("ada", "fine")
        course.run()
        monkeypatch.setattr(ledger, "version", lambda: "another")
        assert course.hows() == {"ada": "graded"}

    def test_force(self, course: Class) -> None:
        """`--force` grades what is graded already."""
        course.hand_in("ada", "fine")
        course.run()
        assert course.hows(force=True) == {"ada": "graded"}

    def test_failures_are_not_kept(self, course: Class) -> None:
        """Who could not be graded is tried again."""
        course.hand_in("ada", "raises")
        assert course.hows() == {"ada": "failed"}
        assert course.hows() == {"ada": "failed"}

    def test_only_leaves_the_others(self, course: Class) -> None:
        """`--only` grades what it names and leaves the others as they are, until a full run."""
        course.hand_in("ada", "fine")
        course.run()
        course.hand_in("ada", "better")
        assert scores(course.run(only=("two",))["ada"]) == {"one": 4.0, "two": 6.0}
        full = course.run()["ada"]
        assert (full.how, scores(full)) == ("graded", {"one": 6.0, "two": 6.0})
        assert course.hows() == {"ada": "kept"}

    def test_only_grades_just_what_is_old(self, course: Class) -> None:
        """After `--only` a full run grades just the other exercises."""
        course.hand_in("ada", "fine")
        first = course.run(only=("two",))["ada"]
        assert scores(first) == {"two": 4.0}
        told: list[str] = []
        students = list_students(course.submitted, "lora_theory").students
        wish = Wish("lora_theory", EXERCISES, course.settings)
        (result,) = run_class(
            students,
            course.path,
            wish,
            course.salt,
            FakeBox(),
            fake_grade,
            on_news=lambda _, news: told.append(news),
        )
        assert told == ["one"]
        assert scores(result) == {"one": 4.0, "two": 4.0}
        assert result.report is not None
        assert sorted(result.report.timing) == ["one", "two"]

    def test_students(self, course: Class) -> None:
        """`--student` grades only those it names."""
        course.hand_in("ada", "fine")
        course.hand_in("bob", "fine")
        assert course.hows(ids=["bob"]) == {"bob": "graded"}
        assert course.hows() == {"ada": "graded", "bob": "kept"}

    @pytest.mark.parametrize(
        "spoil",
        [
            lambda data: "{",
            lambda data: "[" * 100_000,
            lambda data: json.dumps([data]),
            lambda data: json.dumps(data | {"student_id": "eve"}),
            lambda data: json.dumps(data | {"schema_version": 99}),
            lambda data: json.dumps(data | {"environment": {}}),
            lambda data: json.dumps(data | {"exercises": [None]}),
            lambda data: json.dumps(data | {"exercises": data["exercises"] * 2}),
            lambda data: json.dumps(data).replace("4.0", '"4"'),
        ],
    )
    def test_a_spoilt_report(self, course: Class, spoil: Callable[[Any], str]) -> None:
        """A report that is not whole, or not this student's, is graded anew."""
        course.hand_in("ada", "fine")
        course.run()
        path = course.output / "ada" / "report.json"
        path.write_text(spoil(json.loads(path.read_text())))
        assert read_report(path, "ada", "lora_theory") is None
        assert course.hows() == {"ada": "graded"}


class TestSecrets:
    """Students get their reports; the seed stays with the instructor."""

    def test_no_seed_in_a_report(self, course: Class) -> None:
        """The seed stands nowhere in a report."""
        course.hand_in("ada", "fine")
        report = course.run(settings=Settings(seed=987654321987654321))["ada"].report
        assert report is not None
        assert "987654321987654321" not in json.dumps(report.to_json())

    def test_keys_need_the_salt(self, course: Class) -> None:
        """Two courses with equal seeds have different keys: a key tells nothing about the seed."""
        keys = [
            ledger.exercise_keys("digest", EXERCISES, Settings(), {}, salt) for salt in ("a" * 32, "b" * 32)
        ]
        assert not set(keys[0].values()) & set(keys[1].values())
        assert keys[0]["one"] != keys[0]["two"]

    def test_a_salt_is_kept_or_new(self) -> None:
        """The salt of an earlier run is used again; without one there is a new one each time."""
        assert salt_of({"salt": "a" * 32}) == "a" * 32
        assert salt_of({}) != salt_of({"salt": 3})


class TestAnyJobs:
    """The number of jobs changes how long it takes, and nothing else."""

    def test_equal_reports(self, tmp_path: Path) -> None:
        """With one job or three the reports are equal."""
        found = []
        for jobs in (1, 3):
            home = tmp_path / str(jobs)
            home.mkdir()
            course = Class(home)
            course.settings = Settings(jobs=jobs)
            for i in range(6):
                course.hand_in(f"s{i}", "x" * i)
            found.append({name: result.report for name, result in sorted(course.run().items())})
        assert found[0] == found[1]


class TestRoster:
    """Every folder of SUBMITTED is a student; nothing else is."""

    def test_what_is_passed_over(self, course: Class) -> None:
        """Hidden folders, links and files are passed over, each with its reason."""
        course.hand_in("ada", "fine")
        (course.submitted / ".git").mkdir()
        (course.submitted / "notes.txt").write_text("")
        (course.submitted / "bob").symlink_to(course.submitted / "ada")
        os.mkfifo(course.submitted / "pipe\n")
        roster = list_students(course.submitted, "lora_theory")
        assert [student.student_id for student in roster.students] == ["ada"]
        assert roster.skipped == (
            ".git (hidden)", "bob (a link)", "notes.txt (not a folder)", "pipe\\n (not a folder)",
        )  # fmt: skip

    def test_no_folder(self, course: Class) -> None:
        """A path that is no folder is refused with what to give instead."""
        with pytest.raises(
            CallError, match="is not a folder; give the folder that holds <student>/lora_theory/"
        ):
            list_students(course.submitted / "nothing", "lora_theory")

    def test_nobody(self, course: Class) -> None:
        """A folder without any student's folder is refused."""
        with pytest.raises(CallError, match="holds no student's folder"):
            list_students(course.submitted, "lora_theory")

    def test_one_level_too_deep(self, course: Class) -> None:
        """One student's folder in the place of SUBMITTED is refused."""
        course.hand_in("ada", "fine")
        with pytest.raises(CallError, match="is one student's folder"):
            list_students(course.submitted / "ada", "lora_theory")

    def test_one_level_too_high(self, course: Class) -> None:
        """The folder above SUBMITTED is refused, and the right one is named."""
        course.hand_in("ada", "fine")
        with pytest.raises(CallError, match=r"one level too high: give .*submitted"):
            list_students(course.submitted.parent, "lora_theory")

    def test_a_student_that_nobody_is(self, course: Class) -> None:
        """An id that was given and has no folder is refused."""
        course.hand_in("ada", "fine")
        students = list_students(course.submitted, "lora_theory").students
        with pytest.raises(CallError, match="--student 'adda' has no folder"):
            choose(students, ["ada", "adda"])


class TestNames:
    """Any id has a name that is safe in a path, and its own."""

    @pytest.mark.parametrize(
        ("student_id", "name"),
        [
            ("ada", "ada"),
            ("Ada.Lovelace-1_x", "Ada.Lovelace-1_x"),
            ("ada@uni.edu", "ada@uni.edu"),
            ("josé", "jos%C3%A9"),
            ("a b", "a%20b"),
            ("100%", "100%25"),
            ("../x", "%2E.%2Fx"),
            (".", "%2E"),
            ("..", "%2E%2E"),
            ("x.", "x%2E"),
            ("con", "%63on"),
            ("NUL.txt", "%4EUL.txt"),
            ("console", "console"),
            ("index.html", "%69ndex.html"),
            ("run.json", "%72un.json"),
            ("<script>", "%3Cscript%3E"),
            ("=1+1", "%3D1%2B1"),
            ("a\nb", "a%0Ab"),
            ("\udcff", "%FF"),
            ("", "%"),
        ],
    )
    def test_encoding(self, student_id: str, name: str) -> None:
        """What is unsafe is percent-encoded, and nothing else."""
        assert safe_name(student_id) == name

    def test_long_ids(self) -> None:
        """Ids too long for a file system get short names that differ."""
        first, second = safe_name("é" * 80), safe_name("é" * 81)
        assert first != second
        assert max(len(first), len(second)) <= 180

    def test_case(self) -> None:
        """Ids that differ only in case get names that differ on any file system."""
        names = output_names(["ada", "Ada", "ADA", "Bob"])
        assert names == {"ada": "ada", "Ada": "%41da", "ADA": "%41%44%41", "Bob": "Bob"}
        assert len({name.lower() for name in names.values()}) == 4
