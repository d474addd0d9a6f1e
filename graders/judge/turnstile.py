"""Lets every grading process ask its worker at the same time, or one of them alone.

A call that ran out of time says little on a busy machine; it is asked again while no other worker
computes. Two locked files: who enters takes the door exclusively, then the room, shared (or exclusively, to
be alone), and lets go of the door. Who waits for the empty room holds the door, so that newcomers cannot
keep it full for ever.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: grading is one process there
    fcntl = None  # type: ignore[assignment]


class Turnstile:
    """Two files beside `path`, which processes share by their names: it may be used after a fork."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._alone = False

    @contextlib.contextmanager
    def together(self) -> Iterator[None]:
        """What any number of processes may do at once."""
        if self._alone:
            yield
            return
        with self._locked("room") as room:
            with self._locked("door") as door:
                _lock(door, exclusive=True)
                _lock(room, exclusive=False)
            yield

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Waits until nobody is inside, and keeps everybody out; what this process does inside goes on."""
        if self._alone:
            yield
            return
        with self._locked("door") as door, self._locked("room") as room:
            _lock(door, exclusive=True)
            _lock(room, exclusive=True)
            self._alone = True
            try:
                yield
            finally:
                self._alone = False

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[int]:
        """A descriptor of its own each time: locks belong to open files, and forks share those."""
        fd = os.open(f"{self.path}.{name}", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            yield fd
        finally:
            os.close(fd)  # lets go of the lock


def _lock(fd: int, exclusive: bool) -> None:
    if fcntl is not None:
        fcntl.flock(fd, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
