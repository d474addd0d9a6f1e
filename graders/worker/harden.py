"""What a forked worker does to itself before the first line of student code, and says what really happened.

Each step answers True or "inactive: <reason>"; nothing is reported because it was asked for. None of it can
be undone by what runs later: limits cannot be raised without capabilities, Landlock and seccomp know no way
back.
"""

import contextlib
import ctypes
import os
import resource
import signal
import struct
from collections.abc import Callable
from dataclasses import dataclass

from . import landlock, readable, seccomp

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CAPABILITY_VERSION = 0x20080522
CPU_BACKSTOP = 1800  # seconds; the judge's own limits are far smaller, this one holds when the judge is gone
OPEN_FILES = 256

Active = dict[str, bool | str]


@dataclass(frozen=True)
class Hardening:
    """What a worker shall do to itself. Made once in the zygote, used by each fork."""

    libc: ctypes.CDLL
    memory: int | None  # bytes of address space; None: no limit (CUDA reserves far more than it uses)
    rules: landlock.Ruleset | str  # or why there are none
    layers: frozenset[str]  # of "landlock", "seccomp"; the others are always on
    gpu: readable.Access | None = None  # where this process may use one: what it may open


def harden(plan: Hardening) -> Active:
    """Apply `plan` to this process; returns what is active."""
    _control(plan.libc, PR_SET_PDEATHSIG, signal.SIGKILL)  # no worker outlives the zygote
    _step(_die_first)
    active: Active = {"rlimits": _step(lambda: _limit(plan.memory))}
    if not plan.layers:
        return active | dict.fromkeys(("capabilities", "landlock", "seccomp"), "inactive: switched off")
    _control(plan.libc, PR_SET_DUMPABLE, 0)  # other processes of this user cannot look into its memory
    _control(plan.libc, PR_SET_NO_NEW_PRIVS, 1)
    active["capabilities"] = _step(lambda: _drop_capabilities(plan.libc))
    active["landlock"] = _step(lambda: _landlock(plan))
    active["seccomp"] = _step(lambda: _seccomp(plan))
    return active


def address_space() -> int:
    """The bytes of address space that this process has reserved."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def _step(step: Callable[[], None]) -> bool | str:
    try:
        step()
    except (OSError, ValueError) as error:
        return f"inactive: {error}"
    return True


def _control(libc: ctypes.CDLL, option: int, value: int) -> None:
    if libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl {option} was refused")


def _limit(memory: int | None) -> None:
    limits = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_CPU: CPU_BACKSTOP,
    }
    if hasattr(resource, "RLIMIT_MSGQUEUE"):
        limits[resource.RLIMIT_MSGQUEUE] = 0
    if memory is not None:
        limits[resource.RLIMIT_AS] = memory
    for kind, value in limits.items():
        _, ceiling = resource.getrlimit(kind)
        lower = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        resource.setrlimit(kind, (lower, lower))


def _die_first() -> None:
    """Where the machine runs out of memory, the kernel ends a worker rather than the judge."""
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("1000")


def _drop_capabilities(libc: ctypes.CDLL) -> None:
    """Root without capabilities: it cannot raise its limits again, mount, trace or load anything."""
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    if libc.capset(header, bytes(24)):
        raise OSError(ctypes.get_errno(), "capabilities were not dropped")


def _landlock(plan: Hardening) -> None:
    if "landlock" not in plan.layers:
        raise OSError("switched off")
    if isinstance(plan.rules, str):
        raise OSError(plan.rules)
    if plan.gpu is None:
        plan.rules.restrict()
    else:
        own = plan.gpu.rules(plan.libc, own_process=True)
        own.restrict()
        os.close(own.fd)


def _seccomp(plan: Hardening) -> None:
    if "seccomp" not in plan.layers:
        raise OSError("switched off")
    seccomp.install(plan.libc, os.getpid(), cuda=plan.gpu is not None)


def own_session(*keep: int) -> list[int]:
    """Cut this process off from its parent: own session, /dev/null for 0-2, of all descriptors only `keep`.

    The kept ones become 3, 4, ...; their new numbers are returned.
    """
    os.setsid()
    high = [_duplicate_above(fd, 512) for fd in keep]
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(nothing, fd)
    low = list(range(3, 3 + len(high)))
    for old, new in zip(high, low, strict=True):
        os.dup2(old, new)
    os.closerange(3 + len(low), _highest_descriptor())
    return low


def _duplicate_above(fd: int, floor: int) -> int:
    import fcntl  # missing on Windows, where this function is not used

    return fcntl.fcntl(fd, fcntl.F_DUPFD, floor)


def _highest_descriptor() -> int:
    with contextlib.suppress(ValueError):
        return min(os.sysconf("SC_OPEN_MAX"), 1 << 20)
    return 1 << 16
