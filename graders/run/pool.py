"""Does tasks in processes that are forked from this one, and outlives whatever happens to them.

One task at a time for each process. A process that is killed, runs out of memory or raises costs its
task and is replaced; the tasks after it are done all the same.
"""

from __future__ import annotations

import contextlib
import itertools
import multiprocessing
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkProcess
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Say = Callable[[str], None]
Work = Callable[[Task, Say], bytes]
OpenWork = Callable[[], contextlib.AbstractContextManager[Work[Task]]]

TICK_SECONDS = 0.2
# A task that takes longer is stuck: all steps of a grading together take less, and so does waiting while others are alone.
TASK_SECONDS = 8 * 3600.0


@dataclass(frozen=True)
class Done(Generic[Task]):
    """A task that is over: what the work returned, or why there is nothing."""

    task: Task
    value: bytes | None
    failure: str = ""  # one line
    details: str = ""  # a traceback


def do_all(
    tasks: Iterator[Task],
    open_work: OpenWork[Task],
    jobs: int,
    *,
    on_start: Callable[[Task], None] = lambda task: None,
    on_news: Callable[[Task, str], None] = lambda task, news: None,
    on_tick: Callable[[], None] = lambda: None,
    task_seconds: float = TASK_SECONDS,
) -> Iterator[Done[Task]]:
    """Do every task, up to `jobs` at a time, and yield each as it ends.

    `open_work` is entered in this process right before each fork and left right after it; the forked process
    keeps what it gave. This process starts no thread, as forking one that has threads is not safe.
    """
    if sys.platform != "linux":  # forking is not safe (macOS) or not possible (Windows)
        yield from _do_all_here(tasks, open_work, on_start, on_news)
        return
    idle: list[_Process[Task]] = []
    busy: list[_Process[Task]] = []
    try:
        while True:
            for task in itertools.islice(tasks, max(0, jobs - len(busy))):
                on_start(task)
                busy.append(_hand_out(task, idle, busy, open_work))
                on_tick()
            if not busy:
                return
            wait([process.connection for process in busy], TICK_SECONDS)
            on_tick()
            for process in list(busy):
                done = process.news(on_news, task_seconds)
                if done is not None:
                    busy.remove(process)
                    if done.value is None:
                        process.end()
                    else:
                        idle.append(process)
                    yield done
    finally:
        for process in idle + busy:
            process.end()


class _Process(Generic[Task]):
    """One forked process, and the task that it is at."""

    def __init__(self, open_work: OpenWork[Task], others: list[Connection[Any, Any]]) -> None:
        self.connection, theirs = multiprocessing.Pipe()
        self.task: Task | None = None
        self.since = 0.0
        with open_work() as work:
            inherited = [*others, self.connection]
            self.process = ForkProcess(target=_serve, args=(theirs, inherited, work), daemon=True)
            self.process.start()
        theirs.close()

    def start(self, task: Task) -> None:
        """Hand out a task. Raises OSError if the process is gone."""
        self.connection.send(task)
        self.task, self.since = task, time.monotonic()

    def news(self, on_news: Callable[[Task, str], None], task_seconds: float) -> Done[Task] | None:
        """Take in what the process said; what its task came to, when it is over."""
        assert self.task is not None
        try:
            while self.connection.poll():
                kind, value, details = self.connection.recv()
                if kind == "done":
                    return Done(self.task, value)
                if kind == "raised":
                    return Done(self.task, None, value, details)
                on_news(self.task, value)
        except (EOFError, OSError):
            return Done(self.task, None, f"the grading process {self._how_it_ended()}")
        if time.monotonic() - self.since > task_seconds:
            return Done(self.task, None, f"the grading took more than {task_seconds:g} s and was stopped")
        return None

    def _how_it_ended(self) -> str:
        self.process.join(5)
        code = self.process.exitcode
        if code is None:
            return "stopped answering"
        if code < 0:
            with contextlib.suppress(ValueError):
                return f"was killed by {signal.Signals(-code).name}"
        return f"ended with status {code}"

    def end(self) -> None:
        """Kill the process, and wait until it is gone."""
        self.process.kill()
        self.process.join()
        self.process.close()
        self.connection.close()


def _hand_out(
    task: Task, idle: list[_Process[Task]], busy: list[_Process[Task]], open_work: OpenWork[Task]
) -> _Process[Task]:
    """Give a task to an idle process, or to a new one; an idle one that died meanwhile costs nothing."""
    while idle:
        process = idle.pop()
        try:
            process.start(task)
        except OSError:
            process.end()
        else:
            return process
    process = _Process(open_work, [other.connection for other in busy])
    with contextlib.suppress(OSError):  # gone already: `news` will say how
        process.start(task)
    process.task, process.since = task, time.monotonic()
    return process


def _serve(mine: Connection[Any, Any], others: list[Connection[Any, Any]], work: Work[Task]) -> None:
    """The forked process: one task after the other, until there are none or one raises."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the first process decides
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for connection in others:  # else nobody would see the others' ends close
        connection.close()
    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            task = mine.recv()
            try:
                value = work(task, lambda news: mine.send(("news", news, "")))
            except Exception as error:
                mine.send(("raised", _in_one_line(error), traceback.format_exc()))
                return
            mine.send(("done", value, ""))


def _do_all_here(
    tasks: Iterator[Task],
    open_work: OpenWork[Task],
    on_start: Callable[[Task], None],
    on_news: Callable[[Task, str], None],
) -> Iterator[Done[Task]]:
    """The same without other processes, one task after the other."""
    for task in tasks:
        on_start(task)
        try:
            with open_work() as work:
                done = Done(task, work(task, lambda news, task=task: on_news(task, news)))  # type: ignore[misc]
        except Exception as error:
            done = Done(task, None, _in_one_line(error), traceback.format_exc())
        yield done


def _in_one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return f"the grader raised {type(error).__name__}" + (f": {text[:300]}" if text else "")
