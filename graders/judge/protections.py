"""Which protections really hold: asked of a worker, and tried out by a worker that attacks on purpose.

Levels: 0 a process of its own, messages of data only, limits, killed from outside; 1 Landlock or seccomp;
2 both (stops every attack that we know); 3 own namespaces around them; 4 also a cgroup that limits memory and
the number of processes.
"""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders.judge.process import BoxError

if TYPE_CHECKING:
    from graders.judge.box import Box

HIGHEST = 4
GPU_SECONDS = 60.0  # the driver wakes, its libraries are loaded
ON_GPU = """
import torch
try:
    A = torch.arange(12.0).reshape(3, 4).to("cuda").requires_grad_()
    x = torch.arange(4.0).to("cuda")
    y = A @ x
    y.sum().backward()
    right = torch.equal(y.cpu(), A.cpu() @ x.cpu()) and torch.equal(A.grad.cpu(), x.cpu().expand(3, 4))
    result = "works" if right else "wrong numbers"
except Exception as error:
    result = f"{type(error).__name__}: {error}"
"""
STOPPED, NOT_STOPPED = "stopped", "not stopped"
CPU_SECONDS = 5.0
LOOP_SECONDS = 0.1

# What the attacking worker runs. `exec` comes last: a worker that may start a program is gone.
ATTACKS = {
    "fork": """
import os
pid = os.fork()
if not pid:
    os._exit(0)
os.waitpid(pid, 0)
""",
    "network": """
import socket
socket.create_connection(("127.0.0.1", port), 1).close()
""",
    "signal": """
import os
os.kill(judge, 0)
""",
    "signal_by_file": """
import fcntl, os
fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, judge)
""",
    "read_file": """
result = open(secret).read()
""",
    "read_environment": """
result = open(f"/proc/{judge}/environ", "rb").read()[:4000].hex()
""",
    "write_file": """
open(written, "w").write("x")
""",
    "change_mode": """
import os
os.chmod(secret, 0o640)
""",
    "memory": """
import mmap
mmap.mmap(-1, too_much)
""",
    "exec": """
import os, sys
os.execv(sys.executable or "/bin/true", ["python", "-c", "pass"])
""",
}


def examine(
    box: Box, *, sandbox: str, walls: Mapping[str, bool | str], memory: int | None, forks: bool
) -> dict[str, Any]:
    """Start two workers, ask what is active, attack from inside, and sum it up as JSON has it."""
    with box.worker(_entry="attempts") as worker:
        active = dict(worker.active)
        tried = _attack(lambda code, arguments: _attempt(worker, code, arguments), memory)
    tried["endless_loop"] = _endless_loop(box)
    layers: dict[str, bool | str] = {}
    why = "inactive: needs Linux 5.3 or newer" if not forks else "inactive"
    for name in ("rlimits", "landlock", "seccomp", "capabilities"):
        layers[name] = active.get(name, why)
    for name in ("bubblewrap", "namespaces"):
        layers[name] = walls.get(name, why)
    layers["cgroup"] = _cgroup()
    level = _level(layers, tried)
    return {"level": level, "of": HIGHEST, "sandbox": sandbox, **layers, "self_test": tried}


def insist(protections: Mapping[str, Any]) -> None:
    """BoxError unless all that level 2 promises was found to hold."""
    missing = [f"{name} is {protections[name]}" for name in ("rlimits", "landlock", "seccomp")
               if protections[name] is not True]  # fmt: skip
    missing += [f"{name} was not stopped" for name, how in protections["self_test"].items() if how != STOPPED]
    if missing:
        raise BoxError(f"sandbox strict refuses: {'; '.join(missing)}")


def insist_on_gpu(box: Box) -> None:
    """BoxError unless a worker computes on a GPU what torch computes on the CPU."""
    with box.worker(_entry="attempts") as worker:
        answer = worker.ask({"code": ON_GPU, "arguments": {}}, cpu_seconds=GPU_SECONDS)
    reply = answer.value if answer.kind == "replied" and isinstance(answer.value, dict) else {}
    if reply.get("result") != "works":
        why = str(reply.get("result") or reply.get("raised") or answer.kind)
        raise BoxError(f"torch can use no GPU inside the box ({' '.join(why.split())[:200]})")


def insist_on_the_same(protections: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    """BoxError where these protections do not stop what the others do; memory, which CUDA reserves freely, aside."""
    tried, elsewhere = protections["self_test"], others["self_test"]
    through = [name for name, how in tried.items() if how == NOT_STOPPED and elsewhere[name] != NOT_STOPPED]
    if through:
        raise BoxError(f"its box would not stop: {', '.join(through)}")


def _level(layers: Mapping[str, bool | str], tried: Mapping[str, str]) -> int:
    """The highest level of which everything holds; an attack that was not stopped leaves at most 1."""
    if NOT_STOPPED in tried.values() or not (layers["landlock"] is layers["seccomp"] is True):
        return int(layers["landlock"] is True or layers["seccomp"] is True)
    if layers["namespaces"] is not True:
        return 2
    return 4 if layers["cgroup"] is True else 3


Try = Callable[[str, dict[str, Any]], dict[str, Any] | None]


def _attempt(worker: Any, code: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """What the worker says about an attack; None if it is gone after it."""
    if not worker.alive:
        return None
    answer = worker.ask({"code": code, "arguments": arguments}, cpu_seconds=CPU_SECONDS)
    return answer.value if answer.kind == "replied" else None


def _attack(attempt: Try, memory: int | None) -> dict[str, str]:
    """Every attack with its outcome, where possible seen from this side."""
    with tempfile.TemporaryDirectory(prefix="loralab-") as folder, socket.socket() as listening:
        port = _listen(listening)
        secret, written = Path(folder, "secret"), Path(folder, "written")
        token = os.urandom(16).hex()
        secret.write_text(token)
        secret.chmod(0o644)
        os.chmod(folder, 0o777)  # the worker is stopped by the box, not by the folder's owner
        too_much = 2 * memory if memory is not None else 0
        arguments = {"secret": str(secret), "written": str(written), "judge": os.getpid(), "port": port,
                     "too_much": too_much}  # fmt: skip
        environment = _environment()
        evidence: dict[str, Callable[[Any], bool]] = {
            "read_file": lambda result: result == token,
            "read_environment": lambda result: bool(environment) and result == environment,
            "write_file": lambda _: written.exists(),
            "change_mode": lambda _: secret.stat().st_mode & 0o777 != 0o644,
        }
        outcome = {}
        for name, code in ATTACKS.items():
            if (name == "memory" and memory is None) or (name == "network" and not port):
                outcome[name] = "not tried"
                continue
            reply = attempt(code, arguments)
            if name in evidence:
                success = evidence[name](reply and reply.get("result"))
            else:
                success = reply is None or reply.get("raised") == ""
            outcome[name] = NOT_STOPPED if success else STOPPED
        return outcome


def _endless_loop(box: Box) -> str:
    with box.worker(_entry="attempts") as worker:
        answer = worker.ask({"code": "while True: pass", "arguments": {}}, cpu_seconds=LOOP_SECONDS)
    return STOPPED if answer.kind == "timed_out" else NOT_STOPPED


def _listen(listening: socket.socket) -> int:
    try:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
    except OSError:
        return 0
    return int(listening.getsockname()[1])


def _environment() -> str:
    """This process's environment as the attack would read it."""
    try:
        return Path("/proc/self/environ").read_bytes()[:4000].hex()
    except OSError:
        return ""


def _cgroup() -> bool | str:
    """Whether a cgroup above this process limits both memory and the number of processes (cgroup v2)."""
    root = Path("/sys/fs/cgroup")
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
        own = next(line[3:] for line in lines if line.startswith("0::"))
        folder = root / own.strip("/")
        folders = [folder, *folder.parents]
        limited = [
            any(_is_limit(place / name) for place in folders if place.is_relative_to(root))
            for name in ("memory.max", "pids.max")
        ]
    except (OSError, StopIteration):
        return "inactive: no cgroup of version 2"
    return all(limited) or "inactive: neither memory nor processes are limited by a cgroup"


def _is_limit(file: Path) -> bool:
    return file.is_file() and file.read_text().strip() != "max"
