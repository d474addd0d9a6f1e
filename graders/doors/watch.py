"""`loralab check --watch`: the answer again each time that the file is saved."""

from __future__ import annotations

import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

EVERY = 0.3  # seconds between two looks
Stamp = dict[str, tuple[int, int]]


def watch(
    path: Path, once: Callable[[], int], out: TextIO, wait: Callable[[float], None] = time.sleep
) -> int:
    """Call `once` now and after every change, until the user stops it; returns the last status then."""
    status = 0
    try:
        while True:
            before = stamp(path)
            status = once()
            out.write(f"-- watching {path}; Ctrl-C ends\n")
            out.flush()
            while stamp(path) in (before, {}):  # empty: an editor is just replacing it
                wait(EVERY)
            out.write("\n")
    except KeyboardInterrupt:
        out.write("\n")
        return status


def stamp(path: Path) -> Stamp:
    """Time and size of the file and of the .py files beside it, or of a folder's files; empty while it is not there."""
    if not path.exists():
        return {}
    folder = path if path.is_dir() else path.parent
    found: Stamp = {}
    for item in {path, *folder.glob("*.py"), *folder.glob("*.ipynb")}:
        wanted = path.is_dir() or item == path or path.suffix == item.suffix == ".py"
        with suppress(OSError):  # it may be gone by now
            if wanted and stat.S_ISREG((state := item.stat()).st_mode):
                found[item.name] = (state.st_mtime_ns, state.st_size)
    return found
