"""Command lines that start the box's first process, with as many walls around it as this machine allows."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

WORKER = Path(__file__).resolve().parent.parent / "worker"
INSIDE = "/box"  # where bubblewrap shows the folder of `worker`
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "MALLOC_PERTURB_": "128",  # glibc: memory nobody filled is 0x7f everywhere, so `torch.empty` is never random
    "PYTORCH_NVML_BASED_CUDA_CHECK": "1",  # looking for a GPU must not initialise CUDA before the fork
}
# -I would ignore PYTHONHASHSEED; -P -s and an environment of our own come to the same. -S: no .pth files run.
PYTHON_OPTIONS = ("-P", "-s", "-S", "-B")
# `worker` is imported as a package of its own: what lies beside it (the judge) must not be importable.
BOOTSTRAP = """
import importlib, os, site, sys
folder, packages, module, *rest = sys.argv[1:]
site.setquit(), site.setcopyright(), site.sethelper()
sys.path += packages.split(os.pathsep)
sys.path.insert(0, folder)
start = importlib.import_module("worker." + module)
sys.path.remove(folder)
sys.path_importer_cache.pop(folder, None)
start.main(rest)
"""


def walls(layers: tuple[str, ...]) -> Iterator[str]:
    """Walls to try around the warm process, the best first; "" is none."""
    if "bubblewrap" in layers and shutil.which("bwrap"):
        yield "bubblewrap"
    if "namespaces" in layers:
        yield "namespaces"
    yield ""


def command(wall: str, options: dict[str, Any]) -> tuple[str, ...]:
    """The command line that starts the warm process behind `wall`."""
    options = {**options, "namespaces": wall == "namespaces"}
    if wall == "bubblewrap":
        bwrap = shutil.which("bwrap") or "bwrap"
        return (bwrap, *_view(), "--", *python(INSIDE, "start", json.dumps(options)))
    return python(str(WORKER.parent), "start", json.dumps(options))


def environment(cuda: bool) -> dict[str, str]:
    """The whole environment of the box. (Windows' sockets and random numbers need to know where it lies.)"""
    variables = {**ENVIRONMENT, **({} if cuda else {"CUDA_VISIBLE_DEVICES": ""})}
    kept = ("SYSTEMROOT", *(("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER") if cuda else ()))
    return variables | {name: os.environ[name] for name in kept if name in os.environ}


def python(folder: str, module: str, *arguments: str) -> tuple[str, ...]:
    """The interpreter, with the packages of torch and numpy and nothing else of this environment."""
    places = os.pathsep.join(_package_folders())
    return (_interpreter(), *PYTHON_OPTIONS, "-c", BOOTSTRAP, folder, places, module, *arguments)


def _interpreter() -> str:
    """The base interpreter: a virtual environment's own would bring its `site` along."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def _package_folders() -> list[str]:
    folders = []
    for name in ("torch", "numpy"):
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.origin is not None:
            folders.append(str(Path(spec.origin).parent.parent))
    return list(dict.fromkeys(folders))


def _view() -> list[str]:
    """Bubblewrap's options: own namespaces; of the file system only Python and the libraries, read-only."""
    options = ["--unshare-all", "--new-session", "--cap-drop", "ALL", "--chdir", "/"]
    for folder in ("/usr", "/lib", "/lib32", "/lib64", "/bin"):
        if os.path.islink(folder):
            options += ["--symlink", os.readlink(folder), folder]
        elif os.path.isdir(folder):
            options += ["--ro-bind", folder, folder]
    shown = {sys.base_prefix, sys.base_exec_prefix, *_package_folders(), str(Path(_interpreter()).parent)}
    shown = {os.path.realpath(path) for path in shown} | shown
    for path in sorted(shown):
        if not path.startswith("/usr/"):
            options += ["--ro-bind", path, path]
    options += ["--ro-bind-try", "/etc/ld.so.cache", "/etc/ld.so.cache"]
    for hidden in _ours(shown | {"/usr"}):
        options += ["--tmpfs", hidden]
    options += ["--ro-bind", str(WORKER), f"{INSIDE}/worker", "--proc", "/proc", "--dev", "/dev"]
    return options


def _ours(shown: set[str]) -> list[str]:
    """Our own folders inside what is shown: there when loralab is installed beside torch."""
    names = ("graders", "lora_reference", "reference_solutions", "tests")
    roots = {WORKER.parent.parent, *(Path(folder) for folder in _package_folders())}
    folders = sorted(root / name for root in roots for name in names)
    return [str(path) for path in folders if path.is_dir() and any(path.is_relative_to(top) for top in shown)]
