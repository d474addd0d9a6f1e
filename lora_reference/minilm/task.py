"""From which module of Python's standard library does this sentence come?"""

from __future__ import annotations

import ast
import functools
import hashlib
import re
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["MODULES", "Sentences", "standard_library_sentences"]

# Modules whose docstrings hold many sentences, in every Python from 3.11 on.
MODULES = (
    "ast", "asyncio", "collections", "concurrent", "datetime", "difflib", "email", "http", "importlib", "inspect", "json", "logging",
    "multiprocessing", "pathlib", "socket", "statistics", "subprocess", "tarfile", "threading", "tkinter", "typing", "unittest",
    "urllib", "xml", "zipfile",
)  # fmt: skip
SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
HELD_OUT = 4  # one docstring in so many is held out


@dataclass(frozen=True)
class Sentences:
    """Sentences and the numbers of their modules in `MODULES`."""

    texts: list[str]
    labels: list[int]


def standard_library_sentences(per_module: int = 80) -> tuple[Sentences, Sentences]:
    """Training and held-out sentences from the docstrings of this Python's standard library.

    At most `per_module` sentences of each module, of 5 to 40 words, the same ones in every run; all sentences of a
    docstring are on one side, and none stands twice. The module's own name is taken out of its sentences.
    """
    train, held_out = Sentences([], []), Sentences([], [])
    seen: set[str] = set()
    for label, module in enumerate(MODULES):
        count = 0
        for docstring in sorted(set(docstrings(module)), key=digest):
            side = held_out if int(digest(docstring), 16) % HELD_OUT == 0 else train
            for sentence in SENTENCE.split(" ".join(docstring.split())):
                text = re.sub(rf"\b{module}\b", "it", sentence, flags=re.IGNORECASE)
                if count < per_module and 5 <= len(text.split()) <= 40 and text not in seen:
                    seen.add(text)
                    side.texts.append(text)
                    side.labels.append(label)
                    count += 1
    return train, held_out


@functools.cache
def docstrings(module: str) -> tuple[str, ...]:
    """Every docstring in the module's sources."""
    return tuple(read_docstrings(module))


def read_docstrings(module: str) -> Iterator[str]:
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = (
        sorted((folder / module).rglob("*.py")) if (folder / module).is_dir() else [folder / f"{module}.py"]
    )
    for path in files:
        if "test" in path.parts or "idlelib" in path.parts or not path.exists():
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                yield ast.get_docstring(node) or ""


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
