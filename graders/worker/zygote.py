"""A warm process that has imported torch and forks one hardened worker after the other, in milliseconds.

It holds no oracle and runs no student code. It listens on control sockets, one for each grading process of
the judge; messages are JSON, descriptors travel beside them:

    {"op": "fork", "entry": "serve" | "attempts"} + the worker's two pipe ends  ->  {"pid": 7} + a pidfd
                                                                              or {"failed": "..."}
    {"op": "end", "pid": 7}                  ->  {"ended": 7, "code": -9, "peak": bytes}, once reaped
    {"op": "share"} + a new control socket   ->  {"shared": true}
    {"op": "judge"} + a pidfd of the judge   ->  no answer; its workers end when that process ends

When a control socket is closed, its workers are killed. When the last one is, this process ends.
It must stay single-threaded: only the forking thread survives a fork; torch's thread pool would be missing.
"""

import json
import os
import select
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import harden, wire

LONGEST_MESSAGE = 1 << 16


@dataclass
class Judge:
    """One control socket, and the workers that were forked for it."""

    control: socket.socket
    process: int = -1  # a pidfd, once the judge has sent one
    workers: dict[int, int] = field(default_factory=dict)  # pid: pidfd


class Zygote:
    """The loop that forks and reaps."""

    def __init__(self, plan: harden.Hardening, entries: dict[str, Callable[[int, int], None]]) -> None:
        self.plan = plan
        self.entries = entries
        self.judges: list[Judge] = []
        self.poll = select.poll()
        self.watched: dict[int, Callable[[], None]] = {}  # what to do when a descriptor becomes readable

    def run(self, control: socket.socket) -> None:
        """Serve until no judge is left."""
        self.admit(control)
        while self.judges:
            for fd, _ in self.poll.poll():
                if fd in self.watched:
                    self.watched[fd]()

    def watch(self, fd: int, action: Callable[[], None]) -> None:
        self.poll.register(fd, select.POLLIN)
        self.watched[fd] = action

    def forget(self, fd: int) -> None:
        if self.watched.pop(fd, None):
            self.poll.unregister(fd)

    def admit(self, control: socket.socket) -> None:
        control.setblocking(False)
        judge = Judge(control)
        self.judges.append(judge)
        self.watch(control.fileno(), lambda: self.listen(judge))

    def listen(self, judge: Judge) -> None:
        try:
            message, fds, _, _ = socket.recv_fds(judge.control, LONGEST_MESSAGE, 4)
        except BlockingIOError:
            return
        except OSError:
            message, fds = b"", []
        if not message:
            self.dismiss(judge)
            return
        request = json.loads(message)
        match request["op"]:
            case "fork":
                self.fork(judge, request["entry"], *fds)
            case "end":
                self.end(judge, request["pid"])
            case "share":
                self.admit(socket.socket(fileno=fds[0]))
                self.answer(judge, {"shared": True})
            case "judge":
                judge.process = fds[0]
                self.watch(judge.process, lambda: self.dismiss(judge))

    def answer(self, judge: Judge, message: dict[str, Any], *fds: int) -> None:
        try:
            socket.send_fds(judge.control, [json.dumps(message).encode()], fds)
        except OSError:  # gone, or it does not read
            self.dismiss(judge)

    def fork(self, judge: Judge, entry: str, read_fd: int, write_fd: int) -> None:
        try:
            pid = os.fork()
        except OSError as error:
            pid = -1
            self.answer(judge, {"failed": str(error)})
        if pid == 0:
            try:
                self.become_worker(self.entries[entry], read_fd, write_fd)
            finally:
                os._exit(70)
        os.close(read_fd)
        os.close(write_fd)
        if pid > 0:
            judge.workers[pid] = os.pidfd_open(pid)
            self.answer(judge, {"pid": pid}, judge.workers[pid])

    def become_worker(self, entry: Callable[[int, int], None], read_fd: int, write_fd: int) -> None:
        """In the child: cut off, hardened, and then the student's."""
        for judge in self.judges:
            judge.control.detach()  # else its end would close a number that by then is somebody else's
        if isinstance(self.plan.rules, str):
            read_fd, write_fd = harden.own_session(read_fd, write_fd)
        else:
            read_fd, write_fd, self.plan.rules.fd = harden.own_session(read_fd, write_fd, self.plan.rules.fd)
        active = harden.harden(self.plan)
        if not isinstance(self.plan.rules, str):
            os.close(self.plan.rules.fd)
        wire.write_message(write_fd, {"ready": active})
        entry(read_fd, write_fd)
        os._exit(0)

    def end(self, judge: Judge, pid: int) -> None:
        """Kill a worker; the answer follows when it is really gone, and nobody waits for that here."""
        if pid not in judge.workers:
            self.answer(judge, {"ended": pid, "code": 0, "peak": 0})
            return
        signal.pidfd_send_signal(judge.workers[pid], signal.SIGKILL)
        self.watch(judge.workers[pid], lambda: self.reap(judge, pid))

    def reap(self, judge: Judge, pid: int) -> None:
        pidfd = judge.workers.pop(pid)
        self.forget(pidfd)
        os.close(pidfd)
        _, status, usage = os.wait4(pid, 0)
        message = {"ended": pid, "code": os.waitstatus_to_exitcode(status), "peak": usage.ru_maxrss * 1024}
        self.answer(judge, message)

    def dismiss(self, judge: Judge) -> None:
        if judge not in self.judges:
            return
        self.judges.remove(judge)
        self.forget(judge.control.fileno())
        judge.control.close()
        if judge.process >= 0:
            self.forget(judge.process)
            os.close(judge.process)
        for pid, pidfd in judge.workers.items():
            self.forget(pidfd)
            signal.pidfd_send_signal(pidfd, signal.SIGKILL)
            os.close(pidfd)
            os.waitpid(pid, 0)
