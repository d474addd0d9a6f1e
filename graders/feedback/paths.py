"""Where a student's report stands below the output folder, whatever the student's id looks like."""

from __future__ import annotations

import hashlib
import unicodedata
from urllib.parse import quote

_SAFE = "-_.@+ "
_RESERVED = {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
_LONGEST = 200  # bytes; most file systems take 255


def folder_name(name: str) -> str:
    """`name` as the name of one folder: what is unsafe in a path is percent-encoded, so names stay distinct.

    >>> folder_name("ada@uni.edu"), folder_name("josé"), folder_name("../../x"), folder_name("100%")
    ('ada@uni.edu', 'josé', '%2E.%2F..%2Fx', '100%25')
    """
    encoded = "".join(_encoded(character) for character in name)
    if not encoded:
        return "%"
    if encoded[0] in ". -" or encoded.split(".")[0].lower() in _RESERVED:
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    if encoded[-1] in ". ":
        encoded = f"{encoded[:-1]}%{ord(encoded[-1]):02X}"
    if len(encoded.encode()) > _LONGEST:
        digest = hashlib.sha256(encoded.encode()).hexdigest()[:16]
        encoded = f"{encoded.encode()[: _LONGEST - 20].decode(errors='ignore').rstrip('. ')}%-{digest}"
    return encoded


def _encoded(character: str) -> str:
    if character in _SAFE or (character.isalnum() and unicodedata.is_normalized("NFC", character)):
        return character
    is_byte = "\udc80" <= character <= "\udcff"  # of a name that is not UTF-8, as `os.listdir` gives it
    return quote(character, safe="", errors="surrogateescape" if is_byte else "surrogatepass")


def report_link(student_id: str, assignment: str) -> str:
    """The address of a student's page, relative to the class page."""
    return "/".join(quote(folder_name(part), safe="@+") for part in (student_id, assignment)) + "/report.html"
