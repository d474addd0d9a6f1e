"""The command `loralab`. Exit status: 0 all is well, 1 something is not, 2 a wrong call."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import graders
from graders.doors.check import check
from graders.doors.course import course
from graders.doors.grade import grade_class
from graders.doors.release import release
from graders.feedback.untrusted import visible
from graders.run import DEFAULT_ASSIGNMENT, CallError, GraderError
from graders.settings import DEVICES, SANDBOXES, Settings, SettingsError, read_settings

INTERRUPTED = 130  # as shells have it
CONFIG = Path("loralab.toml")
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # before torch is imported: its processes are forked
    with contextlib.suppress(ValueError):  # only a program's main thread may
        signal.signal(signal.SIGTERM, _stop)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter stops nothing
    try:
        options = _parser().parse_args(arguments)
        if options.command == "course":
            return course(options)
        if options.command == "release":
            return release(options)
        if options.command == "grade":
            return grade_class(options, _settings(options))
        return check(options, _settings(options))
    except (CallError, SettingsError) as error:
        return _say(error, 2)
    except GraderError as error:
        return _say(error, 1)
    except KeyboardInterrupt:
        call = sys.argv[1:] if arguments is None else arguments
        same = "the same call without --force" if "--force" in call else "the same call"
        kept = f"; what is graded is kept, and {same} goes on from there" if call[:1] == ["grade"] else ""
        return _say(f"interrupted{kept}", INTERRUPTED)
    except BrokenPipeError:  # whoever read the output has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1


def _say(message: object, status: int) -> int:
    print(f"loralab: {visible(message)}", file=sys.stderr)
    return status


def _settings(options: argparse.Namespace) -> Settings:
    """The course's settings, with the options in their place."""
    if options.config is None:
        settings = read_settings(CONFIG) if CONFIG.is_file() else Settings()
    else:
        settings = read_settings(options.config)
    return settings.with_options(
        {name: getattr(options, name, None) for name in Settings.__dataclass_fields__}
    )


class _Parser(argparse.ArgumentParser):
    """argparse, but a wrong call gets one line that says what to do."""

    def error(self, message: str) -> NoReturn:
        if "arguments are required: SUBMITTED" in message:
            message += " (put it before --only and --student, which take several names)"
        raise CallError(f"{message}; `{self.prog} --help` lists what there is")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="loralab", description="Grades LoRA lab submissions.", allow_abbrev=False)
    parser.add_argument("--version", action="version", version=f"loralab {graders.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _add_grade(commands.add_parser("grade", help="grade a class", allow_abbrev=False))
    _add_check(
        commands.add_parser("check", help="check one's own file, notebook or folder", allow_abbrev=False)
    )
    _add_course(commands.add_parser("course", help="make a course's folder for nbgrader", allow_abbrev=False))
    _add_release(commands.add_parser("release", help="write what students get", allow_abbrev=False))
    return parser


def _add_course(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Make a folder for nbgrader's commands, or complete one: what is there stays as it is."
    )
    add = parser.add_argument
    add("folder", metavar="FOLDER", type=Path, help="the course's folder")
    add(
        "--course",
        default="lora",
        metavar="NAME",
        help="nbgrader's name of the course (default: %(default)s)",
    )
    add("--exchange", type=Path, metavar="FOLDER", help="nbgrader's exchange (default: its own)")
    parser.set_defaults(assignment=DEFAULT_ASSIGNMENT)


def _add_grade(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Grade every submission under SUBMITTED. Exit status: 0 every submission was graded, "
        "1 the grader failed on at least one (each is named), 2 the call is wrong."
    )
    add = parser.add_argument
    add("submitted", metavar="SUBMITTED", type=Path, help="the folder that holds <student>/<assignment>/")
    add("--assignment", default=DEFAULT_ASSIGNMENT, help="the assignment (default: %(default)s)")
    add(
        "--output",
        type=Path,
        default=Path("reports"),
        help="where reports are written (default: %(default)s)",
    )
    add("--only", nargs="+", action="extend", metavar="EXERCISE", help="grade only these exercises")
    add("--student", nargs="+", action="extend", metavar="ID", help="grade only these students")
    add("--jobs", type=int, metavar="N", help="submissions at a time (default: as many as there are cores)")
    add("--device", choices=DEVICES, help="where drawn cases run (default: auto)")
    add("--seed", type=int, metavar="N", help="decides every drawn value; a course keeps its own private")
    add("--examples", type=int, metavar="N", help="drawn cases for each search")
    add("--force", action="store_true", help="grade also what is graded already")
    add(
        "--similar",
        action="store_true",
        help="look for submissions that are nearly the same (a hint, never points)",
    )
    add(
        "--gradebook",
        metavar="URL",
        help="write points and comments into nbgrader's gradebook too (sqlite:///gradebook.db)",
    )
    _add_common(parser)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Check one's own exercise file, notebook or folder. "
        "Exit status: 0 all properties hold, 1 some do not, 2 the call is wrong."
    )
    add = parser.add_argument
    add("path", metavar="FILE_OR_FOLDER", type=Path, help="a .py file, a notebook, or a folder of them")
    add("--exercise", metavar="ID", help="the exercise (default: the one that the file is named after)")
    add("--assignment", default=DEFAULT_ASSIGNMENT, help="the assignment (default: %(default)s)")
    add("--case", type=Path, metavar="FILE", help="ask one case again: a stored case, or a report.json")
    add("--property", metavar="ID", help="with --case report.json: the failed property whose case is asked")
    add("--format", choices=("text", "short", "json", "md"), help="how the answer is written (default: text)")
    add("--watch", action="store_true", help="check again each time the file is saved, and answer shortly")
    _add_common(parser)


def _add_release(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Write an assignment's kit: stubs, notebook, given code, contract, and a checker of one's own work. "
        "Exit status: 0 it is written, 1 it could not be written, 2 the call is wrong."
    )
    add = parser.add_argument
    add(
        "assignment", metavar="ASSIGNMENT", nargs="?", default=DEFAULT_ASSIGNMENT, help="default: %(default)s"
    )
    add("--output", type=Path, default=Path("kit"), metavar="KIT", help="a new folder (default: %(default)s)")


def _add_common(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--sandbox", choices=SANDBOXES, help="protections: all there are, none may lack, or none")
    add(
        "--config",
        type=Path,
        metavar="FILE",
        help=f"settings of the course (default: {CONFIG}, if it is there)",
    )


def _stop(*_: object) -> NoReturn:
    raise KeyboardInterrupt
