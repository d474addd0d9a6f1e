"""The first thing that runs in the box, started by a command line of `graders/judge/launch.py`.

Options are JSON: {"control": fd, "namespaces": bool, "layers": [...], "memory": bytes | null,
"cuda": bool}.
Imports are in the order in which they must happen: namespaces are entered while nothing is loaded yet.
"""

import ctypes
import gc
import json
import os
import socket
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import harden, landlock

USER, PROCESSES, NETWORK, IPC, HOST_NAME = 0x10000000, 0x20000000, 0x40000000, 0x08000000, 0x04000000


def main(arguments: list[str]) -> None:
    """Enter namespaces if asked to, import and warm up, say hello, serve."""
    options = json.loads(arguments[0])
    control = socket.socket(fileno=options["control"])
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    namespaces = enter_namespaces(libc, control) if options["namespaces"] else "inactive: not asked for"
    os.chdir("/")

    from . import imports, packages, warm, zygote

    entries = imports.import_all()
    warm.warm_up(options["cuda"])
    plan = _plan(libc, options)
    imports.leave_no_traces()
    packages.LOADED.note()
    gc.collect()
    gc.freeze()
    if others := _other_threads(options["cuda"]):
        raise SystemExit(f"the warm process has further threads ({', '.join(others)}); its forks could hang")
    hello = json.dumps({"ready": True, "namespaces": namespaces}).encode()
    socket.send_fds(control, [hello], [os.pidfd_open(os.getpid())])
    zygote.Zygote(plan, entries).run(control)


def _other_threads(cuda: bool) -> list[str]:
    """The names of threads that a fork would miss.

    Not among them, where the GPU is not to be used: that of its driver, which torch wakes all the same with the
    first backward pass.
    """
    names = []
    for thread in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{thread}/comm") as file:
            names.append(file.read().strip())
    return [name for name in names if cuda or not name.startswith("cuda")][1:]


def _plan(libc: ctypes.CDLL, options: dict[str, Any]) -> "harden.Hardening":
    from . import harden, readable

    layers = frozenset[str](options["layers"])
    access = readable.access(options["cuda"]) if layers else None
    rules: landlock.Ruleset | str = "switched off"
    if access is not None and "landlock" in layers:
        try:
            rules = access.rules(libc)
        except OSError as error:
            rules = str(error)
    memory = options["memory"]
    if memory is not None:
        memory += harden.address_space()
    return harden.Hardening(libc, memory, rules, layers, access if options["cuda"] else None)


def enter_namespaces(libc: ctypes.CDLL, control: socket.socket) -> bool | str:
    """Own user, processes, network, IPC and host name: what bubblewrap does, where it is not installed.

    The calling process stays outside and waits; a child, number 1 inside, goes on from here.
    """
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(USER | PROCESSES | NETWORK | IPC | HOST_NAME):
        return f"inactive: {os.strerror(ctypes.get_errno())}"
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)
    inside = os.fork()
    if inside == 0:
        return True
    control.close()
    _, status = os.waitpid(inside, 0)
    os._exit(max(0, os.waitstatus_to_exitcode(status)))
