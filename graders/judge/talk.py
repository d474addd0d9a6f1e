"""One worker: asks it within limits, and believes nothing of what it does.

Every write and read has a deadline. CPU seconds are the worker's own, wall seconds three times as many; a
worker that exceeds them, ends, or sends what is not exactly one answer is killed and reaped, and never
asked again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

from graders.judge.answer import Answer, Ended, Kind, of_ended
from graders.judge.pipes import Pipes
from graders.judge.process import BoxError, Process
from graders.judge.turnstile import Turnstile
from graders.worker import wire

WALL_PER_CPU = 3.0
LOOK_SECONDS = 0.02  # how often a silent worker's CPU time is looked at
READY_SECONDS = 60.0
ENDING_SECONDS = 2.0  # between a process's last closed pipe and its end


class _Over(Exception):
    """The worker cannot be asked any more: what to answer."""

    def __init__(self, kind: Kind, detail: str) -> None:
        super().__init__(detail)
        self.kind: Kind = kind
        self.detail = detail


class _Gone(Exception):
    """The other end of the pipe is closed."""


class _Watch:
    """The clock of one request."""

    def __init__(self, process: Process, cpu_limit: float, wall_limit: float | None = None) -> None:
        self.process = process
        self.cpu_limit = cpu_limit
        self.wall_limit = wall_limit or WALL_PER_CPU * cpu_limit
        self._wall_start = time.monotonic()
        self._cpu_start = process.cpu_seconds() or 0.0
        self._cpu_last = self._cpu_start

    @property
    def wall(self) -> float:
        return time.monotonic() - self._wall_start

    @property
    def cpu(self) -> float:
        self._cpu_last = self.process.cpu_seconds() or self._cpu_last
        return self._cpu_last - self._cpu_start

    def check(self) -> None:
        if self.cpu > self.cpu_limit:
            raise _Over("timed_out", f"computed for more than {self.cpu_limit:g} s")
        if self.wall > self.wall_limit:
            raise _Over("timed_out", f"did not answer within {self.wall_limit:g} s")


class Worker:
    """A process that runs one student's code. Made by `Box.worker`; a context manager."""

    def __init__(
        self,
        process: Process,
        pipes: Pipes,
        *,
        memory: int | None,
        turnstile: Turnstile | None = None,
    ) -> None:
        self._process = process
        self._pipes = pipes
        self._memory = memory
        self._turnstile = turnstile
        self.alive = True
        self.peak = 0  # most bytes of memory it had in use, once it has ended; 0: not known
        self.active: Mapping[str, bool | str] = {}  # protections that the worker says it has put on itself
        self._await_ready()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(
        self, message: dict[str, Any], *, cpu_seconds: float, wall_seconds: float | None = None
    ) -> Answer:
        """Send a request and wait for its one reply. After anything but `replied` the worker is gone."""
        if not self.alive:
            raise BoxError("a worker was asked that had ended")
        together = self._turnstile.together() if self._turnstile else contextlib.nullcontext()
        with together:
            watch = _Watch(self._process, cpu_seconds, wall_seconds)
            try:
                value = self._exchange(wire.pack(message), watch)
            except _Over as over:
                cpu, wall = watch.cpu, watch.wall
                self.close()
                return Answer(over.kind, None, over.detail, cpu, wall)
            return Answer("replied", value, "", watch.cpu, watch.wall)

    def close(self) -> None:
        """Kill the worker and wait until it is gone."""
        if self.alive:
            with contextlib.suppress(BoxError):  # killed all the same
                self._end()

    def _end(self) -> Ended:
        self.alive = False
        try:
            ended = self._process.end()
        finally:
            self._pipes.close()
        self.peak = ended.peak
        return ended

    def _await_ready(self) -> None:
        """The first message comes by itself, before any student code runs."""
        try:
            value = self._receive(_Watch(self._process, READY_SECONDS))
        except _Over as over:
            self.close()
            raise BoxError(f"a worker did not start: it {over.detail}") from over
        self.active = dict(value["ready"])

    def _exchange(self, frame: bytes, watch: _Watch) -> dict[str, Any]:
        if self._has_spoken():
            raise _Over("broken_protocol", "spoke before it was asked")
        try:
            self._write(memoryview(frame), watch)
        except _Gone:
            raise self._ended() from None
        return self._receive(watch)

    def _has_spoken(self) -> bool:
        """Whether there is a byte to read. (A closed pipe has none: what closed it is found out later.)"""
        try:
            return bool(self._pipes.read(1))
        except BlockingIOError:
            return False

    def _receive(self, watch: _Watch) -> dict[str, Any]:
        try:
            header, body = wire.frame_lengths(self._read(wire.PREFIX, watch))
            value = wire.unpack(self._read(header, watch), self._read(body, watch))
        except wire.WireError as error:
            raise _Over("broken_protocol", f"sent something that is not an answer: {error}") from error
        except _Gone:
            raise self._ended() from None
        if not isinstance(value, dict):
            raise _Over("broken_protocol", "sent something that is not an answer: not a dict")
        return value

    def _write(self, data: memoryview, watch: _Watch) -> None:
        while data:
            try:
                data = data[self._pipes.write(data) :]
            except BlockingIOError:
                self._pipes.wait_writable(LOOK_SECONDS)
            except OSError:
                raise _Gone from None
            if data:
                watch.check()

    def _read(self, length: int, watch: _Watch) -> bytes:
        data = bytearray()
        while len(data) < length:
            try:
                piece = self._pipes.read(min(length - len(data), 1 << 20))
            except BlockingIOError:
                self._pipes.wait_readable(LOOK_SECONDS)
                watch.check()
                continue
            if not piece:
                raise _Gone
            data += piece
        return bytes(data)

    def _ended(self) -> _Over:
        """Its end of a pipe is closed: because the process ended, or because the student's code closed it."""
        if not self._process.has_ended(ENDING_SECONDS):
            return _Over("broken_protocol", "closed the pipe to the grader")
        return _Over(*of_ended(self._end(), self._memory))
