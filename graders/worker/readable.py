"""Which files a worker may read: Python, system libraries, and the packages that torch and numpy need.

Everything else stays unreadable, whatever a student does to the import system: the graders and their oracle,
other students' work, other packages, the judge's own files.
"""

import contextlib
import ctypes
import importlib.util
import os
import re
import sys
import sysconfig
from dataclasses import dataclass

from . import landlock, packages

FURTHER = ("/etc/ld.so.cache", "/usr/share/zoneinfo", "/dev/zero", "/dev/urandom", "/dev/random")
CUDA = ("/proc/driver/nvidia", "/proc/devices", "/proc/modules", "/proc/meminfo", "/proc/cpuinfo", "/proc/sys/vm",
        "/sys/devices", "/sys/bus/pci", "/sys/module/nvidia")  # fmt: skip
DRIVER = ("libcuda.so", "libnvidia-ml.so")
PYTHON_FOLDER = re.compile(r"python\d|site-packages|dist-packages")


@dataclass(frozen=True)
class Access:
    """What a worker may open: found once, before any fork."""

    read: tuple[str, ...]
    list: tuple[str, ...]
    use: tuple[str, ...]  # devices

    def rules(self, libc: ctypes.CDLL, *, own_process: bool = False) -> landlock.Ruleset:
        """Landlock rules; with those that hold for this very process alone, which the GPU's driver looks at.

        Raises OSError where the kernel has no Landlock.
        """
        made = landlock.Ruleset(libc)
        made.allow_reading([*self.read, *(["/proc/self"] if own_process else [])])
        made.allow_listing(self.list)
        made.allow_devices([*self.use, *(["/proc/self/task"] if own_process else [])])  # it names its threads
        return made


def access(cuda: bool) -> Access:
    """Everything that Python, torch and numpy need, and the GPU's driver where it is to be used."""
    paths = {*FURTHER, *_standard_library(), *_packages(), *_system_libraries()}
    if cuda:
        paths |= {*CUDA, *_driver()}
    return Access(tuple(sorted(paths)), tuple(_listable()), tuple(_devices(cuda)))


def _listable() -> list[str]:
    """Folders whose names may be listed: importing looks through all of them."""
    return sorted({_stdlib(), *(path for path in sys.path if os.path.isdir(path))})


def _stdlib() -> str:
    return os.path.dirname(os.__file__)


def _standard_library() -> list[str]:
    """The standard library's entries, without the folder of installed packages among them."""
    folder = _stdlib()
    hidden = ("site-packages", "dist-packages", "ensurepip")
    entries = [os.path.join(folder, name) for name in os.listdir(folder) if name not in hidden]
    dynamic = sysconfig.get_config_var("DESTSHARED")
    return [*entries, *([dynamic] if isinstance(dynamic, str) else [])]


def _packages() -> list[str]:
    """The folders and files of the installed packages that torch and numpy require, directly or through others."""
    specs = [importlib.util.find_spec(name) for name in packages.ROOTS]
    paths = {os.path.dirname(spec.origin) for spec in specs if spec and spec.origin}
    for distribution in packages.distributions():
        tops = {file.parts[0] for file in distribution.files or []}
        paths |= {str(distribution.locate_file(top)) for top in tops if not top.startswith("..")}
    return sorted(paths)


def _system_libraries() -> list[str]:
    """Folders of shared libraries: some modules of the standard library load theirs when first imported."""
    folders = {"/lib", "/lib64", "/usr/lib", "/usr/lib64"}
    folders |= {os.path.join(sys.base_prefix, name) for name in ("lib", "lib64")}
    paths: list[str] = []
    for folder in sorted({os.path.realpath(folder) for folder in folders}):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        paths += [os.path.join(folder, name) for name in names if not PYTHON_FOLDER.match(name)]
    return paths


def _driver() -> list[str]:
    """The files of the GPU's driver, which is loaded here but not woken."""
    for name in DRIVER:
        with contextlib.suppress(OSError):
            ctypes.CDLL(f"{name}.1")
    with open("/proc/self/maps") as file:
        files = {line.split()[-1] for line in file}
    folders = {os.path.dirname(path) for path in files if os.path.basename(path).startswith(DRIVER)}
    return sorted(
        os.path.join(folder, name)
        for folder in folders
        for name in os.listdir(folder)
        if name.startswith(("libcuda", "libnv"))
    )


def _devices(cuda: bool) -> list[str]:
    """Devices that a worker may use."""
    nvidia = [os.path.join("/dev", name) for name in os.listdir("/dev") if name.startswith("nvidia")]
    return [os.devnull, *(nvidia if cuda else [])]
