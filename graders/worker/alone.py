"""A worker in an interpreter of its own, where no warm process can be forked: macOS, Windows, very old Linux.

The judge's pipes are standard input and output; they are moved away, so that printing harms nothing. There
are no protections beyond the separate process and the limits on file size and core dumps where the system
has them.
"""

import os
import sys
from typing import Any

LINUX_ONLY = ("start", "zygote", "harden", "landlock", "seccomp", "readable")


def main(arguments: list[str]) -> None:
    """Serve as `arguments[0]` says: "serve", or "attempts" for the judge's self-test; then "cuda" or "cpu"."""
    read_fd, write_fd = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.close(nothing)
    if sys.platform == "win32":
        import msvcrt

        for fd in (read_fd, write_fd):
            msvcrt.setmode(fd, os.O_BINARY)

    from . import imports, warm, wire

    entries = imports.import_all(skip=LINUX_ONLY)
    warm.warm_up(cuda=arguments[1] == "cuda")
    imports.leave_no_traces()
    ready: dict[str, Any] = {"rlimits": _limit()}
    wire.write_message(write_fd, {"ready": ready})
    entries[arguments[0]](read_fd, write_fd)


def _limit() -> bool | str:
    try:
        import resource
    except ImportError:
        return "inactive: this system has none"
    for kind in (resource.RLIMIT_CORE, resource.RLIMIT_FSIZE):
        resource.setrlimit(kind, (0, 0))
    return "inactive: only file size and core dumps are limited"
