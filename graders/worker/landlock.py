"""Landlock: from here on this process reads the listed paths and writes nowhere.

Needs no privilege and no package, Linux 5.13 or newer. The rules are made once, in the zygote; a forked
worker only puts them on itself, which takes microseconds. They cannot be taken off again.
"""

import ctypes
import os
import struct
from collections.abc import Iterable

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
READ_FILE, READ_DIR, WRITE_FILE, IOCTL_DEVICE = 1 << 2, 1 << 3, 1 << 1, 1 << 15
TRUNCATE = 1 << 14


class Ruleset:
    """What a worker may open. `fd` is inherited by forks; `restrict` makes it hold."""

    def __init__(self, libc: ctypes.CDLL) -> None:
        self._libc = libc
        self.abi: int = libc.syscall(CREATE_RULESET, None, ctypes.c_size_t(0), 1)
        if self.abi < 1:
            raise OSError(ctypes.get_errno(), "the kernel has no Landlock, or it is switched off")
        self._rights = _rights(self.abi)
        network = 3 if self.abi >= 4 else 0  # neither bind nor connect
        scopes = 3 if self.abi >= 6 else 0  # no abstract sockets, no signals to processes outside
        size = 8 if self.abi < 4 else 16 if self.abi < 6 else 24
        attributes = struct.pack("=QQQ", self._rights, network, scopes)
        self.fd: int = libc.syscall(CREATE_RULESET, attributes, ctypes.c_size_t(size), 0)
        if self.fd < 0:
            raise OSError(ctypes.get_errno(), "the kernel made no Landlock rules")

    def allow_reading(self, paths: Iterable[str]) -> None:
        self._allow(paths, READ_FILE | READ_DIR)

    def allow_listing(self, folders: Iterable[str]) -> None:
        """Names only, in every folder below: what the import system needs to look for modules."""
        self._allow(folders, READ_DIR)

    def allow_devices(self, paths: Iterable[str]) -> None:
        self._allow(paths, READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | IOCTL_DEVICE)

    def restrict(self) -> None:
        """Needs `no_new_privs`. Holds for this process and all its threads started later."""
        quiet = 1 if self.abi >= 7 else 0  # what a student tries is no news for the machine's audit log
        if self._libc.syscall(RESTRICT_SELF, self.fd, quiet):
            raise OSError(ctypes.get_errno(), "the kernel did not take the Landlock rules")

    def _allow(self, paths: Iterable[str], rights: int) -> None:
        for path in paths:
            try:
                fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
            except OSError:
                continue  # what is not there, or hidden by the mounts, needs no rule
            try:
                wanted = rights & self._rights
                if not os.path.isdir(path):
                    wanted &= ~READ_DIR
                if self._libc.syscall(ADD_RULE, self.fd, 1, struct.pack("=Qi", wanted, fd), 0):
                    raise OSError(ctypes.get_errno(), f"no Landlock rule for {path}")
            finally:
                os.close(fd)


def _rights(abi: int) -> int:
    """Every kind of access to files that this kernel can refuse."""
    rights = (1 << 13) - 1
    if abi >= 2:
        rights |= 1 << 13  # to move or link between folders
    if abi >= 3:
        rights |= TRUNCATE
    if abi >= 5:
        rights |= IOCTL_DEVICE
    return rights
