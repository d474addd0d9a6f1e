"""A worker's process as the judge holds it: how much it computed, whether it lives, and its end.

Two kinds: forked by the zygote, known by a pidfd, which stays right in another process namespace and after a
number is used again; or spawned, where forking is not possible.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import time
from typing import Any, Protocol

from graders.judge.answer import Ended

LONGEST_MESSAGE = 1 << 16
START_SECONDS = 300.0


class BoxError(Exception):
    """The box cannot be opened, or is broken. One sentence; never the submission's fault."""


class Process(Protocol):
    """A worker's process."""

    def cpu_seconds(self) -> float | None:
        """CPU seconds of all its threads so far; None where the system does not say."""

    def has_ended(self, seconds: float) -> bool:
        """Whether it has ended, waiting up to `seconds` for it."""

    def end(self) -> Ended:
        """Kill it, reap it, and say how it ended. BoxError if nobody can: the warm process is gone."""


class Control:
    """The judge's end of a control socket to the zygote (`graders/worker/zygote.py` has the messages)."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.settimeout(START_SECONDS)
        self._waiting = False  # an answer is still to come, because its reading was interrupted

    def ask(self, message: dict[str, Any], *fds: int) -> tuple[dict[str, Any], list[int]]:
        """Send one message and wait for its answer."""
        if self._waiting:
            raise BoxError("the talk with the warm process of the box was interrupted")
        self._waiting = True
        self.tell(message, *fds)
        answer = self.receive()
        self._waiting = False
        return answer

    def tell(self, message: dict[str, Any], *fds: int) -> None:
        """Send a message that has no answer."""
        try:
            socket.send_fds(self.socket, [json.dumps(message).encode()], fds)
        except OSError as error:
            raise BoxError(f"the warm process of the box is gone ({error})") from error

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """The next message."""
        try:
            data, fds, _, _ = socket.recv_fds(self.socket, LONGEST_MESSAGE, 4)
        except OSError as error:
            raise BoxError(f"the warm process of the box does not answer ({error})") from error
        if not data:
            raise BoxError("the warm process of the box has ended")
        for fd in fds:
            os.set_inheritable(fd, False)
        return json.loads(data), list(fds)


class Forked:
    """A child of the zygote."""

    def __init__(self, control: Control, pid: int, pidfd: int) -> None:
        self._control = control
        self._pid = pid  # its number among the zygote's processes
        self._pidfd = pidfd
        self._clock = _cpu_clock(pidfd)

    def cpu_seconds(self) -> float | None:
        try:
            return None if self._clock is None else time.clock_gettime(self._clock)
        except OSError:
            return None

    def has_ended(self, seconds: float) -> bool:
        waiting = select.poll()
        waiting.register(self._pidfd, select.POLLIN)
        return bool(waiting.poll(seconds * 1000))

    def end(self) -> Ended:
        self._clock = None  # its number may soon be another's
        try:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
            answer, _ = self._control.ask({"op": "end", "pid": self._pid})
        finally:
            os.close(self._pidfd)
        return Ended(answer["code"], answer["peak"])


def _cpu_clock(pidfd: int) -> int | None:
    """The clock of another process's CPU time, to the nanosecond (`clock_getcpuclockid` in C)."""
    with contextlib.suppress(OSError, StopIteration), open(f"/proc/self/fdinfo/{pidfd}") as file:
        pid = int(next(line for line in file if line.startswith("Pid:")).split()[1])
        if pid > 0:
            return (~pid << 3) | 2
    return None


class Spawned:
    """A process started for one worker."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._clock = (~process.pid << 3) | 2 if hasattr(os, "pidfd_open") else None

    def cpu_seconds(self) -> float | None:
        try:
            return None if self._clock is None else time.clock_gettime(self._clock)
        except OSError:
            return None

    def has_ended(self, seconds: float) -> bool:
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def end(self) -> Ended:
        self._process.kill()
        return Ended(self._process.wait())
