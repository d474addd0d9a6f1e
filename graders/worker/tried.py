"""Notes what a submission's code tries that no exercise needs: a hint for a person, as code may hide it.

An audit hook hears whatever goes through Python. Torch, numpy and the standard library open files and start
processes on their own account, so an attempt counts only if it comes from the submission's code itself, or
from there by way of nothing but the modules that are made for it (`open`, `pathlib`, `subprocess`, ...).
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Any

import numpy
import torch

FIND = "loralab.find"  # raised by `packages` for each module that is looked for

_NETWORK, _PROCESS, _ENDING, _WRITING, _READING, _NATIVE, _GRADER, _CALLERS = (
    "network", "new process", "ending a process", "writing a file", "reading a file", "native code", "the grader's modules",
    "looking at what calls it",
)  # fmt: skip
_EVENTS = {
    **dict.fromkeys(
        ("socket.__new__", "socket.connect", "socket.bind", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"),
        _NETWORK,
    ),
    **dict.fromkeys(
        ("os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.startfile", "subprocess.Popen"),
        _PROCESS,
    ),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), _ENDING),
    **dict.fromkeys(
        ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.chmod", "os.chown",
         "os.utime", "shutil.rmtree", "tempfile.mkstemp", "tempfile.mkdtemp", ),
        _WRITING,
    ),
    **dict.fromkeys(("os.listdir", "os.scandir"), _READING),
    **dict.fromkeys(
        ("sys._getframe", "sys._current_frames", "gc.get_objects", "gc.get_referrers", "gc.get_referents"), _CALLERS,
    ),
    **dict.fromkeys(("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle"), _NATIVE),
}  # fmt: skip
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_TOOLS = frozenset(
    ("_pyio", "codecs", "contextlib", "ctypes", "fileinput", "ftplib", "glob", "http", "inspect", "io", "multiprocessing", "os", "pathlib",
     "pty", "shutil", "smtplib", "socket", "socketserver", "ssl", "subprocess", "tempfile", "urllib", "xmlrpc")
)  # fmt: skip
_HARMLESS = ("/dev/null", "/dev/urandom", "/dev/random", "/dev/zero", os.devnull)

_frame = sys._getframe


def _folders(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(os.path.join(os.path.realpath(name), "") for name in names if name))


_PATHS = sysconfig.get_paths()
_STDLIB = _folders([_PATHS["stdlib"], _PATHS["platstdlib"], str(Path(os.__file__).parent)])
_PACKAGES = _folders(
    [_PATHS["purelib"], _PATHS["platlib"], *(str(Path(str(x.__file__)).parents[1]) for x in (torch, numpy)), str(Path(__file__).parent)]
)  # fmt: skip


class Tried:
    """What was tried so far, in a closed list of words. There is one hook for a process, and no way to remove it."""

    def __init__(self) -> None:
        self.words: set[str] = set()
        self.forbidden: frozenset[str] = frozenset()
        self.listening = False
        self.busy = False  # looking at frames is heard as well

    def listen(self, forbidden: Iterable[str]) -> None:
        """From now on, until the process ends."""
        self.forbidden = frozenset(forbidden)
        if not self.listening:
            self.listening = True
            sys.addaudithook(self._hear)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self.busy:
            return
        self.busy = True
        try:
            if event == FIND:
                word = _GRADER if arguments[0].partition(".")[0] in self.forbidden else None
            elif event == "open":
                word = _opened(*arguments)
            elif event == "object.__getattr__":
                word = _CALLERS if arguments[1] == "tb_frame" else None
            else:
                word = _EVENTS.get(event)
            if word is not None and word not in self.words and (word == _GRADER or _is_theirs()):
                self.words.add(word)
        except BaseException:  # a note is not worth an exception in somebody's code
            return
        finally:
            self.busy = False


def _opened(path: object, mode: object, flags: object) -> str | None:
    """Whether a file is written, or one read that is neither Python's nor a package's."""
    if type(path) is bytes:
        path = os.fsdecode(path)
    if type(path) is int or path in _HARMLESS:
        return None
    if type(flags) is int and flags & _WRITES:
        return _WRITING
    return None if type(path) is str and path.startswith(_STDLIB + _PACKAGES) else _READING


def _is_theirs() -> bool:
    """Whether the submission's code is what called, itself or through tools alone."""
    frame: FrameType | None = _frame(2)  # above this function and `_hear`
    while frame is not None:
        owner = _owner(frame.f_code.co_filename)
        if owner != "tool":
            return owner == "submission"
        frame = frame.f_back
    return False


def _owner(file: str) -> str:
    """Who wrote the code of a file: the submission, a tool among Python's modules, or somebody else."""
    if file.startswith("<frozen "):
        module = file.removeprefix("<frozen ").rstrip(">")
    elif file.startswith(_PACKAGES):
        return "package"
    else:
        home = next((folder for folder in _STDLIB if file.startswith(folder)), None)
        if home is None:
            return "submission"
        module = file.removeprefix(home).removesuffix(".py").replace(os.sep, ".")
    return "tool" if module.partition(".")[0] in _TOOLS else "library"
