"""Which packages a submission sees: torch, numpy, what they need, and the standard library.

Whatever else is installed does not exist: importing it raises the usual `ModuleNotFoundError`, also
inside torch, whose optional imports expect that. A hidden package can be made a placeholder.
"""

from __future__ import annotations

import importlib
import importlib.machinery
import importlib.metadata
import re
import sys
import types
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .placeholders import PlaceholderLoader
from .tried import FIND

ROOTS = ("torch", "numpy")


def visible_packages(roots: Iterable[str] = ROOTS) -> frozenset[str]:
    """Top-level names of the standard library, of `roots`, and of all that they require."""
    names = set(sys.stdlib_module_names) | set(roots)
    return frozenset(names.union(*map(_top_levels, distributions(roots))))


def distributions(roots: Iterable[str] = ROOTS) -> Iterator[importlib.metadata.Distribution]:
    """What is installed of `roots` and of all that they require (without extras)."""
    todo, done = list(roots), set[str]()
    while todo:
        name = _canonical(todo.pop())
        if name in done:
            continue
        done.add(name)
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        todo += [need for need in distribution.requires or [] if "extra ==" not in need]
        yield distribution


def _canonical(requirement: str) -> str:
    return re.split(r"[ ;<>=!~\[(]", requirement)[0].lower().replace("_", "-")


def _top_levels(distribution: importlib.metadata.Distribution) -> set[str]:
    """The top-level modules among a distribution's files."""
    files = distribution.files or []
    tops = {file.parts[0].partition(".")[0] for file in files if _is_module(file)}
    tops |= set((distribution.read_text("top_level.txt") or "").split())
    return {top for top in tops if top.isidentifier() and top != "__pycache__"}


def _is_module(file: importlib.metadata.PackagePath) -> bool:
    if file.parts[0].endswith((".dist-info", ".data")) or file.parts[0] in ("..", "bin"):
        return False
    return len(file.parts) > 1 or file.suffix in (".py", ".so", ".pyd")


VISIBLE = visible_packages()  # looked up while the packages' metadata can still be read


class Loaded:
    """The hidden modules among those that are loaded. Looking through all takes 3 ms, so it is done before the fork."""

    def __init__(self) -> None:
        self.count = 0
        self.hidden: tuple[str, ...] = ()

    def note(self) -> None:
        """Look through all of them."""
        self.count, self.hidden = len(sys.modules), tuple(filter(is_hidden, sys.modules))

    def names(self) -> tuple[str, ...]:
        """The hidden modules, looked through anew where modules have come or gone."""
        if self.count != len(sys.modules):
            self.note()
        return self.hidden


def is_hidden(name: str) -> bool:
    """Whether the package that `name` belongs to is not one that a submission sees."""
    return name.partition(".")[0] not in VISIBLE


LOADED = Loaded()


class Packages:
    """The one entry of `sys.meta_path` while a submission is graded: what is hidden is not found.

    `first` are finders asked before all others (the submission's own modules); the finders that were
    there find what is visible.
    """

    def __init__(self, forbidden: Iterable[str], placeholders: Iterable[str]) -> None:
        self.forbidden = frozenset(forbidden)
        self.placeholders = {name for name in placeholders if self.is_hidden(name)} - self.forbidden
        self.first: list[Any] = []
        self.others: list[Any] = []

    def is_hidden(self, name: str) -> bool:
        """Whether a submission does not see the package that `name` belongs to."""
        return is_hidden(name)

    def install(self, keep: Iterable[str] = ()) -> None:
        """Takes over the import system, and takes hidden modules that are already loaded out of it."""
        self.others = [finder for finder in sys.meta_path if not isinstance(finder, Packages)]
        sys.meta_path[:] = [self]
        kept = set(keep)
        for name in LOADED.names():
            if name.partition(".")[0] not in kept:
                sys.modules.pop(name, None)

    def make_placeholder(self, name: str) -> bool:
        """Makes a hidden package a placeholder from now on; False where that is not allowed or not new."""
        top = name.partition(".")[0]
        if not top or not self.is_hidden(top) or top in self.forbidden or top in self.placeholders:
            return False
        self.placeholders.add(top)
        return True

    # ------------------------------------------------------------------------------- the import protocol

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in self.first:
            spec: importlib.machinery.ModuleSpec | None = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        sys.audit(FIND, name)
        top = name.partition(".")[0]
        if top in self.placeholders:
            return importlib.machinery.ModuleSpec(name, PlaceholderLoader(), is_package=True)
        if self.is_hidden(name):
            return None
        for finder in self.others:
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                return spec
        return None

    def find_distributions(self, *context: Any) -> Iterable[importlib.metadata.Distribution]:
        for finder in self.others:
            yield from getattr(finder, "find_distributions", lambda *_: ())(*context)

    def invalidate_caches(self) -> None:
        for finder in self.others:
            getattr(finder, "invalidate_caches", lambda: None)()
