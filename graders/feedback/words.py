"""The words and icons of each status, one place for all pages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "warn", "calm"]


@dataclass(frozen=True)
class Label:
    """A status as it is shown: always a word and an icon, never colour alone."""

    word: str
    icon: str  # id of a symbol in the pages
    sign: str  # the same for plain text
    tone: Tone


PROPERTY = {
    "passed": Label("holds", "tick", "✓", "good"),
    "failed": Label("does not hold", "cross", "✗", "bad"),
    "timed_out": Label("ran out of time", "clock", "◷", "warn"),
    "not_run": Label("not run yet", "pause", "–", "calm"),
    "error": Label("grader at fault", "flag", "!", "warn"),
}

EXERCISE = {
    "graded": Label("graded", "tick", "✓", "good"),
    "not_attempted": Label("not attempted", "pause", "–", "calm"),
    "missing": Label("not found", "pause", "–", "calm"),
    "unreadable": Label("could not be read", "flag", "!", "warn"),
    "import_failed": Label("could not be loaded", "flag", "!", "warn"),
    "timed_out": Label("ran out of time", "clock", "◷", "warn"),
    "crashed": Label("ended unexpectedly", "flag", "!", "warn"),
    "out_of_memory": Label("ran out of memory", "flag", "!", "warn"),
    "forbidden": Label("used what is not allowed", "flag", "!", "warn"),
}

WHOLE = {
    "graded": Label("graded", "tick", "✓", "good"),
    "partly_graded": Label("partly graded", "half", "◐", "warn"),
    "needs_person": Label("needs a person", "flag", "!", "warn"),
}

NOT_GRADED = Label("not graded by our fault", "flag", "!", "warn")
WORTH_A_NAME = Label("worth a name", "flag", "!", "warn")

# What to do about a claim, by `graders.feedback.items.Item.flag`.
FLAG = {
    "look for a wrong grader first": Label("look for a wrong grader first", "flag", "!", "bad"),
    "review": Label("review", "half", "◐", "warn"),
    "nearly nobody": Label("review: nearly nobody is right", "half", "◐", "warn"),
    "nearly all": Label("nearly all are right", "tick", "✓", "calm"),
}

# For a status other than graded: what to do next, after the report's own message.
NEXT = {
    "not_attempted": "Replace the line that raises NotImplementedError with your own, and hand it in again.",
    "missing": "Check the file name and the name of the definition; both must be exactly as in the exercise.",
    "unreadable": "Open it where you wrote it and save it again: a .py file as UTF-8 text, a notebook in Jupyter, with large outputs cleared. "
    "Hand in the file itself, not a link to it.",
    "import_failed": "Run the file once on its own: Python then points at the line where loading stops.",
    "timed_out": "Look for a loop that does not end, or for work done while the file is loaded.",
    "crashed": "Something ended Python itself, such as an exit call or very deep recursion.",
    "out_of_memory": "Look for a tensor or a list that grows much larger than its input.",
    "forbidden": "Exercises need neither files, nor the network, nor other programs.",
}

GRADER_AT_FAULT = (
    "Something in the grader broke on this claim. That is our fault and not yours: "
    "you have full points for it, and a person will look at it."
)


def plural(count: int, one: str, many: str = "") -> str:
    """`count` with its noun."""
    return f"{count} {one if count == 1 else many or one + 's'}"
