"""What came of one request, and how the process behind it ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["replied", "timed_out", "crashed", "out_of_memory", "broken_protocol"]


@dataclass(frozen=True)
class Answer:
    """What came of one request. Only `replied` has a value, and that value is the student's word."""

    kind: Kind
    value: dict[str, Any] | None
    detail: str
    cpu_seconds: float
    wall_seconds: float


@dataclass(frozen=True)
class Ended:
    """How a worker's process ended: an exit code, or minus the number of the signal that ended it."""

    code: int
    peak: int = 0  # most bytes of memory in use; 0: not known


def of_ended(ended: Ended, memory: int | None) -> tuple[Kind, str]:
    """What the end of a process that nobody here ended says about the student's code.

    `memory` is how much it could have used. A process that dies with most of it in use died of that:
    native code seldom survives an allocation that fails.
    """
    if ended.code >= 0:
        return "crashed", f"exited with status {ended.code}"
    number = -ended.code
    if number == getattr(signal, "SIGKILL", 9):
        return "out_of_memory", "was ended by the system, most likely because memory ran out"
    try:
        name = (signal.strsignal(number) or "unknown").lower()
    except ValueError:
        name = "unknown"
    if memory is not None and ended.peak > 0.75 * memory:
        return "out_of_memory", f"was ended by signal {number} ({name}) with nearly all its memory in use"
    return "crashed", f"was ended by signal {number} ({name})"
