"""Which hints a failure gets: those of its claim, or, where the code stopped, how to find out why."""

from __future__ import annotations

from collections.abc import Mapping

from graders.exercise import Exercise, FailureKind, Property, Violation

STOPPED: Mapping[FailureKind, tuple[str, str, str]] = {
    "raised": (
        "Look at the line where your code stopped, and at the values that reach it in this case.",
        "What does the exception say about these values: their type, their shape, a name, or something that is None?",
        "Run the case below and print what goes into that line. Then go back, step by step, to where it first is not what you expect.",
    ),
    "timed_out": (
        "Look for a loop whose end depends on something that never changes, and for work that grows much faster than the input.",
        "How often does your innermost step run in this case?",
        "Run the case below with a print inside the loop and stop it after a few lines: what should have changed between two of them, and did not?",
    ),
    "out_of_memory": (
        "Look for the largest tensor or list that you make.",
        "How many numbers does it hold in this case, and do you need all of them at once?",
        "Print the shape of every tensor on the way, for this case and for one that is half as large, and see which of them grows faster than the input.",
    ),
    "crashed": (
        "Look for calls that end Python itself, and for a function that calls itself without an end.",
        "Which of your statements is the last that runs in this case?",
        "Run the case below with a print after each step: the last one that you see stands before the one that ends Python.",
    ),
    "broken_protocol": (
        "Look for code that closes or writes to files which it has not opened, or that replaces parts of Python.",
        "Does the exercise need that statement at all?",
        "Take out everything that is not about the exercise, and hand it in again.",
    ),
}


def hints_for(exercise: Exercise, claim: Property, violation: Violation) -> tuple[str, ...]:
    """Three steps.

    An exception counts against a claim that waits on nothing when there was nothing special about the case: then the
    claim says little about it. Else (a layer without a bias, say) the claim's own hints are about what is special.
    """
    if violation.kind == "violated" or (violation.kind == "raised" and claim.waits_on):
        return tuple(exercise.hints.get(claim.id, ()))
    return STOPPED[violation.kind]
