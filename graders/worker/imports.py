"""What the box imports before any student code runs: all of this package. A worker cannot read its files."""

import importlib
import pkgutil
import sys
from collections.abc import Callable, Collection

PACKAGE = __name__.rpartition(".")[0]
Entry = Callable[[int, int], None]


def import_all(skip: Collection[str] = ()) -> dict[str, Entry]:
    """Imports this package's modules but those in `skip`; returns what workers may run, by name."""
    package = importlib.import_module(PACKAGE)
    for module in pkgutil.walk_packages(package.__path__, PACKAGE + "."):
        if module.name.removeprefix(PACKAGE + ".") not in skip:
            importlib.import_module(module.name)
    loaded = {name: sys.modules.get(f"{PACKAGE}.{name}") for name in ("serve", "attempts")}
    return {name: module.serve for name, module in loaded.items() if module is not None}


def leave_no_traces() -> None:
    """A student's process does not say on its command line where the project lies."""
    sys.argv[:] = ["worker"]
    sys.orig_argv[:] = ["python"]
