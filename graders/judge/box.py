"""The box: a warm process and its workers, in which student code runs and from which nothing is believed.

    with Box("auto") as box:
        with box.worker() as worker:
            answer = worker.ask({"op": "load", ...}, cpu_seconds=10)

On Linux a warm process forks one hardened worker after the other (`graders/worker/start.py`); elsewhere each
worker is an interpreter of its own without those protections, and `Box.protections` says so.

On a machine with a GPU, `device="auto"` or `"cuda"` opens a second warm process beside the first, `Box.gpu`, whose
workers may use it: only cases that are about the GPU run there. It has no namespaces and no limit on address space,
as CUDA works with neither; Landlock and seccomp let the driver do what it needs.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Literal, Self

from graders.judge import launch, protections
from graders.judge.answer import Answer
from graders.judge.pipes import Polled, Pumped
from graders.judge.process import BoxError, Control, Forked, Spawned
from graders.judge.talk import Worker
from graders.judge.turnstile import Turnstile

__all__ = ["Answer", "Box", "BoxError", "Turnstile", "Worker"]

Sandbox = Literal["auto", "strict", "off"]
Device = Literal["cpu", "auto", "cuda"]
FORK_TRIES = 30  # a second apart
MEMORY = 2 << 30  # bytes that a worker may reserve on top of what the warm process has
LAYERS = ("landlock", "seccomp", "bubblewrap", "namespaces")


class Box:
    """Makes workers. `protections` says which walls were found to hold when it was opened."""

    def __init__(
        self,
        sandbox: Sandbox = "auto",
        device: Device = "cpu",
        turnstile: Turnstile | None = None,
        *,
        memory: int = MEMORY,
        _without: tuple[str, ...] = (),  # for tests: layers to leave out, or "fork"
        _on_gpu: bool = False,  # whether its own workers use the GPU
    ) -> None:
        self.sandbox: Sandbox = sandbox
        self.turnstile = turnstile
        self.gpu: Box | None = None  # whose workers use the GPU
        self._wanted: Device = device
        self._on_gpu = _on_gpu
        self._memory = None if _on_gpu else memory
        self._layers = () if sandbox == "off" else tuple(name for name in LAYERS if name not in _without)
        self._forks = _can_fork() and "fork" not in _without
        self._control: Control | None = None
        self._zygote: subprocess.Popen[bytes] | None = None
        self._zygote_pidfd = -1
        self._user = os.getpid()  # the process that may use this object
        self._greeted = False
        self._protections: dict[str, Any] = {}

    @property
    def device(self) -> str:
        """Where cases run that are about a device: "cuda" or "cpu"."""
        return "cpu" if self.gpu is None else "cuda"

    @property
    def protections(self) -> Mapping[str, Any]:
        """What was asked for, what is active, what the self-test found; as JSON has it."""
        return self._protections

    def __enter__(self) -> Self:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def open(self) -> Self:
        """Start the warm process and find out what it protects from; BoxError if it may not go on."""
        try:
            walls = self._start() if self._forks else {}
            self._protections = protections.examine(
                self, sandbox=self.sandbox, walls=walls, memory=self._memory, forks=self._forks
            )
            if self._on_gpu:
                protections.insist_on_gpu(self)
            if self.sandbox == "strict":
                protections.insist(self._protections)
            if self._wanted != "cpu":
                self._open_gpu()
        except BaseException:
            self.close()
            raise
        return self

    def _open_gpu(self) -> None:
        """A box for the GPU beside this one, or why there is none among the protections; BoxError if it must be."""
        gpu = Box(self.sandbox, turnstile=self.turnstile, _without=("bubblewrap", "namespaces"), _on_gpu=True)
        try:
            if self.sandbox == "strict":
                raise BoxError("a GPU's workers have no limit on memory, which sandbox strict insists on")
            gpu.open()
            protections.insist_on_the_same(gpu.protections, self._protections)
        except BoxError as error:
            gpu.close()
            if self._wanted == "cuda":
                raise
            self._protections["gpu"] = f"not used: {error}"
        else:
            self.gpu = gpu
            self._protections["gpu"] = {**gpu.protections}

    def close(self) -> None:
        """End all workers of this box, and its warm processes if this object started them in this process."""
        if self.gpu is not None:
            self.gpu.close()
        self._end()

    def _end(self) -> None:
        control, self._control = self._control, None
        if control is not None:
            control.socket.close()
        if self._zygote is not None and self._user == os.getpid():
            if self._zygote_pidfd >= 0:
                with contextlib.suppress(OSError):
                    signal.pidfd_send_signal(self._zygote_pidfd, signal.SIGKILL)
                os.close(self._zygote_pidfd)
                self._zygote_pidfd = -1
            else:
                self._zygote.kill()
            self._zygote.wait()
        self._zygote = None
        self._greeted = False

    def share(self) -> Box:
        """Another box on the same warm process, for one process that is forked from this one afterwards.

        A warm process that has ended (the system was out of memory, say) is started anew.
        """
        twin = Box(self.sandbox, turnstile=self.turnstile, _on_gpu=self._on_gpu)
        twin._memory, twin._layers, twin._forks = self._memory, self._layers, self._forks
        twin._protections = self._protections
        twin._user = 0
        if self._forks:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                try:
                    self._channel().ask({"op": "share"}, theirs.fileno())
                except BoxError:
                    self._end()
                    self._start()
                    self._channel().ask({"op": "share"}, theirs.fileno())
            twin._control = Control(ours)
        if self.gpu is not None:
            with contextlib.suppress(BoxError):  # without it the CPU has to do
                twin.gpu = self.gpu.share()
        return twin

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """While this holds, no other grading process that shares the turnstile asks its worker."""
        with self.turnstile.alone() if self.turnstile else contextlib.nullcontext():
            yield

    def worker(self, *, _entry: str = "serve") -> Worker:
        """A fresh worker, hardened and ready. BoxError if there is none to be had."""
        if not self._forks:
            return self._spawn(_entry)
        control = self._channel()
        for left in reversed(range(FORK_TRIES)):
            with _pipe() as (read_end, to_worker), _pipe() as (from_worker, write_end):
                answer, fds = control.ask({"op": "fork", "entry": _entry}, read_end, write_end)
                if fds:
                    pipes = Polled(os.dup(to_worker), os.dup(from_worker))
                    break
            if not left:
                raise BoxError(f"the warm process could not fork a worker ({answer['failed']})")
            time.sleep(1)  # somebody's threads may fill the machine, until they come to their limit
        process = Forked(control, answer["pid"], fds[0])
        worker = Worker(process, pipes, memory=self._memory, turnstile=self.turnstile)
        if self._on_gpu and any(
            self._protections.get(name, how) != how for name, how in worker.active.items()
        ):
            worker.close()  # its rules are made anew for each
            raise BoxError("a worker for the GPU is protected less than it was at first")
        return worker

    def _channel(self) -> Control:
        """The control socket, which belongs to one process: a fork needs a `share()` of its own."""
        if self._control is None:
            raise BoxError("the box is not open")
        if not self._user:
            self._user = os.getpid()
        if self._user != os.getpid():
            raise BoxError("a box was used in two processes; give the other one a share()")
        if not self._greeted:
            self._greeted = True
            pidfd = os.pidfd_open(os.getpid())
            self._control.tell({"op": "judge"}, pidfd)
            os.close(pidfd)
        return self._control

    def _start(self) -> dict[str, bool | str]:
        """Start the warm process, behind the best wall that works; says of each wall whether it stands."""
        walls: dict[str, bool | str] = dict.fromkeys(("bubblewrap", "namespaces"), "inactive: not asked for")
        if "bubblewrap" in self._layers and not shutil.which("bwrap"):
            walls["bubblewrap"] = "inactive: not installed"
        reason = ""
        options = {"layers": self._layers, "memory": self._memory, "cuda": self._on_gpu}
        for wall in launch.walls(self._layers):
            try:
                hello = self._launch(wall, options)
            except BoxError as error:
                reason = str(error)
                walls[wall] = f"inactive: {reason}"
                continue
            if wall == "bubblewrap":
                walls |= {"bubblewrap": True, "namespaces": True}
            elif wall:
                walls["namespaces"] = hello["namespaces"]
            return walls
        raise BoxError(f"the box's warm process does not start: {reason}")

    def _launch(self, wall: str, options: dict[str, Any]) -> dict[str, Any]:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs, tempfile.TemporaryFile() as complaints:
            zygote = subprocess.Popen(
                launch.command(wall, {**options, "control": theirs.fileno()}),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=launch.environment(self._on_gpu),
                cwd="/",
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C is the judge's business
            )
            theirs.close()
            control = Control(ours)
            try:
                hello, fds = control.receive()
            except BaseException as error:
                ours.close()
                zygote.kill()
                zygote.wait()
                if isinstance(error, BoxError):
                    raise BoxError(_last_line(complaints) or str(error)) from error
                raise
        self._control, self._zygote, self._zygote_pidfd = control, zygote, fds[0]
        return hello

    def _spawn(self, entry: str) -> Worker:
        """An interpreter of its own for one worker, its pipes on standard input and output."""
        process = subprocess.Popen(
            launch.python(str(launch.WORKER.parent), "alone", entry, "cuda" if self._on_gpu else "cpu"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=launch.environment(self._on_gpu),
            cwd=tempfile.gettempdir(),
        )
        return Worker(Spawned(process), Pumped(process), memory=None, turnstile=self.turnstile)


def _can_fork() -> bool:
    """Whether this system has what the warm process needs: Linux 5.3 or newer."""
    if sys.platform != "linux" or not hasattr(os, "pidfd_open"):
        return False
    try:
        os.close(os.pidfd_open(os.getpid()))
    except OSError:
        return False
    return True


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for fd in ends:
            os.close(fd)


def _last_line(file: Any) -> str:
    file.seek(0)
    lines: list[str] = file.read().decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else ""
