"""One exercise as it was written, loaded as the grader loads it, in a process that goes on to the next one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

from graders.judge.reading import DEFAULT_ASSIGNMENT
from graders.worker.serve import PROBES
from graders.worker.submission import Submission
from graders.worker.tried import Tried

from .cases import exercises, handed_out
from .child import FORBIDDEN, MOST_PLACEHOLDERS
from .running import Result, run_case

Run = Callable[[int], Result] | None
TRIED = Tried()  # hears what is refused when it is graded


class Submitted:
    """A context that holds the loaded code, and leaves the process as it was."""

    def __init__(self, exercise: str, files: Mapping[str, bytes], notebook: bytes | None) -> None:
        self.all = exercises()
        self.exercise = self.all[exercise]
        self.files, self.notebook = files, notebook
        self.before = dict(sys.modules), list(sys.meta_path)

    def __enter__(self) -> tuple[dict[str, Any], Run]:
        """What loading came to (`states`, `notes`, and why it failed), and what runs a case by its number."""
        modes = (
            ["whole", "definitions"] if f"{self.exercise['exercise']}.py" in self.files else ["definitions"]
        )
        reply: dict[str, Any] = {}
        for mode in modes:
            submission, reply = self._load(mode)
            if "found" in reply:
                states = {name: item["state"] for name, item in reply["found"].items()}
                run = partial(
                    run_case, self.exercise, module=submission.namespace(), explain=submission.raised
                )
                return {"states": states, "notes": reply["notes"], "problem": ""}, run
        return {"states": {}, "notes": reply["notes"], "problem": why_not(reply["raised"])}, None

    def _load(self, mode: str) -> tuple[Submission, dict[str, Any]]:
        """Load once, and again with a placeholder for each package that is missing and not needed."""
        placeholders: list[str] = []
        while True:
            self._leave()
            names = list(self.all)
            request = {
                "exercise": self.exercise["exercise"],
                "defines": self.exercise["defines"],
                "folder": DEFAULT_ASSIGNMENT,
                "mode": mode,
                "placeholders": placeholders,
                "files": dict(self.files),
                "notebook": self.notebook,
                "exercise_files": {name: self.all[name]["defines"] for name in names},
                "stubs": {name: handed_out(name) for name in names},
                "given": handed_out("lab"),
                "forbidden": FORBIDDEN,
            }
            watch = getattr(PROBES[self.exercise["exercise"]], "watch", None)
            TRIED.listen(FORBIDDEN)
            TRIED.words.clear()
            submission = Submission(request, watch)
            reply = submission.load()
            package = reply.get("raised", {}).get("missing_package", "")
            if (
                mode != "whole"
                or not package
                or package in placeholders
                or len(placeholders) >= MOST_PLACEHOLDERS
            ):
                return submission, reply
            placeholders = [*placeholders, package]

    @staticmethod
    def tried() -> list[str]:
        """Notes on what the code did that raises an exception when it is graded."""
        words = ", ".join(sorted(TRIED.words))
        told = f"your code tried what is not allowed when it is graded, where it raises an exception: {words}"
        return [told] if words else []

    def __exit__(self, *exc: object) -> None:
        self._leave()

    def _leave(self) -> None:
        """The modules and the way to find them, as they were."""
        modules, finders = self.before
        sys.meta_path[:] = finders
        for name in [
            name for name in sys.modules if name not in modules and not name.startswith(("torch", "numpy"))
        ]:
            with suppress(KeyError):
                del sys.modules[name]
        sys.modules.update(modules)


def why_not(raised: Mapping[str, Any]) -> str:
    """Why a file could not be loaded, in a sentence."""
    frames = raised["frames"]
    line = f" (line {frames[-1][0]}: {frames[-1][1].strip()})" if frames else ""
    if raised["forbidden_package"]:
        return (
            f"Your file needs `{raised['forbidden_package']}`, which belongs to the grader and cannot be imported{line}. "
            "Please write the function yourself."
        )
    return f"Your file could not be loaded: {raised['type']}: {raised['message']}{line}"
