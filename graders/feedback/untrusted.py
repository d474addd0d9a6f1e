"""Text that a submission may have had a hand in, made fit to be shown.

Everything that a report holds goes through `visible`, whoever wrote it: messages, values, keys, ids. What it
returns has no control characters and nothing that changes the direction or the length of what stands around
it. It is still text: the templates escape it for HTML, `csv_line` for spreadsheets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

ID_LIMIT = 120
TEXT_LIMIT = 2000
LINES_LIMIT = 60

_JOINERS = "\u200c\u200d"  # part of the spelling of some names, and harmless
_INVISIBLE = {"Cc", "Cf", "Zl", "Zp"}
_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
_PLAIN_CELL = re.compile(r"[\w .@-]*")


def _symbol(character: str) -> str:
    """A visible stand-in for a character that has none of its own."""
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\u2421"
    return f"‹U+{code:04X}›"


def visible(
    text: object, limit: int = TEXT_LIMIT, *, keep_lines: bool = False, most_lines: int = LINES_LIMIT
) -> str:
    """`text` with control and direction characters as symbols, lone surrogates replaced, cut to `limit`."""
    raw = "" if text is None else str(text)
    shown = raw[:limit]
    if keep_lines:
        lines = shown.replace("\r\n", "\n").expandtabs(4).split("\n")
        shown = "\n".join(_line(line) for line in lines[:most_lines])
        if len(lines) > most_lines:
            return f"{shown}\n… ({len(lines) - most_lines} more lines)"
    else:
        shown = _line(shown)
    return shown if len(raw) <= limit else f"{shown}… ({len(raw) - limit} more characters)"


def _line(line: str) -> str:
    if line.isascii() and line.isprintable():
        return line
    out: list[str] = []
    marks = 0
    for character in line:
        category = unicodedata.category(character)
        marks = marks + 1 if category in {"Mn", "Me"} else 0
        if marks > 3:  # a tower of accents would climb over the lines above
            continue
        if category == "Cs":
            out.append("\ufffd")
        elif category in _INVISIBLE and character not in _JOINERS:
            out.append(_symbol(character))
        else:
            out.append(character)
    return "".join(out)


def csv_cell(value: object) -> str:
    """One cell. Text that a spreadsheet would read as a formula gets a quote before it; numbers stay numbers.

    Text with anything but letters, digits, spaces and `_ . @ -` is put in double quotes, also where RFC 4180
    does not ask for it: a spreadsheet that splits at semicolons or tabs must not find a cell inside a cell.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return number(value)
    text = visible(value, limit=500)
    if text.lstrip().startswith(_FORMULA):
        text = "'" + text
    if _PLAIN_CELL.fullmatch(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def csv_line(values: Iterable[object]) -> str:
    """One record of a CSV file, with RFC 4180's line end."""
    return ",".join(csv_cell(value) for value in values) + "\r\n"


def number(value: float) -> str:
    """A score or a measurement: at most two decimals, none when it is whole."""
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
