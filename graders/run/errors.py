"""The two ways in which a run ends before its time."""

from __future__ import annotations


class CallError(ValueError):
    """The call itself is wrong. The message is one line that says what to do."""


class GraderError(RuntimeError):
    """The grader cannot work here at all. The message is one line that says why."""
