"""A notebook's bytes as Python: the code cells in order, without what only IPython understands."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import dataclass, field
from typing import Any

BODY_STAYS = {"time", "timeit", "capture", "prun", "memit"}
_MAGIC = re.compile(r"^\s*(?:[%!?]|\w[\w.]*\?{1,2}\s*$|[\w.,\s\[\]'\"]+=\s*(?:!|%\w))|\?{1,2}\s*$")
_TIMED = re.compile(r"^(\s*)%time\s+(?=\S)")
_PROMPTS = (re.compile(r"^(?:>>>|\.\.\.)(?: |$)"), re.compile(r"^(?:In \[\d+\]| *\.{3,}): ?"))


class NotebookError(ValueError):
    """The bytes are not a notebook."""


@dataclass(frozen=True)
class Cell:
    """One code cell: its number among the code cells, its text's first line in the whole, its statements."""

    number: int
    first_line: int
    text: str
    statements: list[ast.stmt] = field(default_factory=list)
    problem: str = ""


def code_cells(data: bytes) -> list[Cell]:
    """The notebook's code cells; one that cannot be parsed has a problem and no statements."""
    cells: list[Cell] = []
    line = 1
    for number, source in enumerate(_sources(data), start=1):
        text, tree, problem = _parse(source)
        if tree is not None:
            ast.increment_lineno(tree, line - 1)
        cells.append(Cell(number, line, text, tree.body if tree else [], problem))
        line += text.count("\n") + 1
    return cells


def _sources(data: bytes) -> list[str]:
    """The texts of the code cells, of notebook formats 4 and 3."""
    try:
        notebook = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise NotebookError("the notebook is not valid UTF-8") from None
    except RecursionError:
        raise NotebookError("the notebook is nested too deeply") from None
    except ValueError as error:
        raise NotebookError(f"the notebook is not valid JSON: {error}") from None
    cells = _list(notebook, "cells")
    for sheet in _list(notebook, "worksheets"):
        cells += _list(sheet, "cells")
    if not cells and not (isinstance(notebook, dict) and {"cells", "worksheets"} & set(notebook)):
        raise NotebookError("the file is not a notebook: it has no cells")
    return [_source(cell) for cell in cells if isinstance(cell, dict) and cell.get("cell_type") == "code"]


def _list(x: Any, key: str) -> list[Any]:
    value = x.get(key) if isinstance(x, dict) else None
    return list(value) if isinstance(value, list) else []


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    if isinstance(source, list):
        source = "".join(piece for piece in source if isinstance(piece, str))
    text = source if isinstance(source, str) else ""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse(source: str) -> tuple[str, ast.Module | None, str]:
    """A cell's Python text, line for line, its tree, and what is wrong with it."""
    return plainly(_without_cell_magic(_pasted(source)))


def plainly(text: str) -> tuple[str, ast.Module | None, str]:
    """A text without what only IPython understands, line for line, its tree, and what is wrong with it."""
    for _ in range(50):  # one line of IPython after the other, wherever the parser stumbles over it
        try:
            return text, ast.parse(text), ""
        except SyntaxError as error:
            shorter = _without_line(text, error.lineno or 0)
        except (ValueError, RecursionError, MemoryError):
            break
        if shorter is None:
            break
        text = shorter
    lines = text.split("\n")
    for number in range(len(lines)):
        _make_plain(lines, number)
    text = "\n".join(lines)
    try:
        return text, ast.parse(text), ""
    except SyntaxError as error:
        return text, None, f"{error.msg} (line {error.lineno} of the cell)"
    except ValueError:
        return text, None, "it holds what is not text"
    except (RecursionError, MemoryError):
        return text, None, "it is nested too deeply"


def _pasted(source: str) -> str:
    """A cell without the indentation that it has as a whole, or the prompts that were copied with it, as in IPython."""
    lines = source.split("\n")
    first = next((line for line in lines if line.strip()), "")
    lines = [line.removeprefix(first[: len(first) - len(first.lstrip())]) for line in lines]
    for prompt in _PROMPTS:
        if prompt.match(first.lstrip()):
            lines = [prompt.sub("", line) for line in lines]
    return "\n".join(lines)


def _without_cell_magic(source: str) -> str:
    lines = source.split("\n")
    for index, line in enumerate(lines):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        magic = re.match(r"\s*%%(\w*)", line)
        if magic is None:
            return source
        if magic[1] not in BODY_STAYS:
            return "\n" * (len(lines) - 1)
        lines[index] = ""
        return _without_cell_magic("\n".join(lines))
    return source


def _without_line(text: str, number: int) -> str | None:
    """The text with one line of IPython made harmless; None where that line is none."""
    lines = text.split("\n")
    if not 1 <= number <= len(lines) or not _MAGIC.search(lines[number - 1]):
        return None
    _make_plain(lines, number - 1)
    return "\n".join(lines)


def _make_plain(lines: list[str], number: int) -> None:
    """Make a line of IPython plain; what it goes on with behind a backslash goes."""
    line, lines[number] = lines[number], _plain(lines[number])
    while line != lines[number] and line.endswith("\\") and number + 1 < len(lines):
        number += 1
        line, lines[number] = lines[number], ""


def _plain(line: str) -> str:
    """A line of IPython as Python: `%time` in front of a statement goes, everything else becomes `pass`."""
    if _TIMED.match(line):
        return _TIMED.sub(r"\1", line)
    if not _MAGIC.search(line):
        return line
    return line[: len(line) - len(line.lstrip())] + "pass"
