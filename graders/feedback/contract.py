"""The contract's section of an exercise, in the few forms of Markdown that it uses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graders.feedback.untrusted import visible

_LIMIT = 20_000
_CELL = re.compile(r"(?<!\\)\|")


@dataclass(frozen=True)
class Block:
    """A paragraph or heading (one item), a list (an item each), code (lines), or a table (rows of cells)."""

    kind: Literal["paragraph", "heading", "list", "code", "table"]
    items: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def blocks(markdown: str) -> tuple[Block, ...]:
    """The blocks of a text, in order. What is no list, code, table or heading is a paragraph."""
    text = visible(markdown, _LIMIT, keep_lines=True, most_lines=400)
    return tuple(_block(part) for part in re.split(r"\n{2,}", text) if part.strip())


def _block(part: str) -> Block:
    lines = part.split("\n")
    if lines[0].startswith("- "):
        return Block("list", tuple(_items(lines)))
    if lines[0].startswith("    "):
        return Block("code", tuple(line.removeprefix("    ") for line in lines))
    if lines[0].startswith("|"):
        rows = [tuple(cell.strip() for cell in _CELL.split(line.strip("| "))) for line in lines]
        width = len(rows[0])
        kept = [row + ("",) * (width - len(row)) for row in rows if set("".join(row)) - set("-: ")]
        return Block("table", rows=tuple(row[:width] for row in kept))
    if lines[0].startswith("#"):
        return Block("heading", (" ".join(lines).lstrip("# "),))
    return Block("paragraph", (" ".join(line.strip() for line in lines),))


def _items(lines: list[str]) -> Iterator[str]:
    """The items of a list: lines that are indented go on with the item above."""
    item = ""
    for line in lines:
        if line.startswith("- "):
            if item:
                yield item
            item = line.removeprefix("- ")
        else:
            item = f"{item} {line.strip()}"
    yield item
