"""Lets a probe look at the student's code in one recorded case, and holds the case's facts against what it saw."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy
import torch

from graders.worker import wire
from graders.worker.raised import clean
from graders.worker.serve import Seen, find_probe

from .encoding import decoded
from .facts import NotSeen, look
from .views import with_views

Explain = Callable[
    [BaseException, str], Mapping[str, Any]
]  # an exception and its step -> RAISED of the protocol
Result = dict[str, Any]


def run_case(exercise: Mapping[str, Any], number: int, module: Any, explain: Explain) -> Result:
    """What came of a case, as JSON: the outcome of each fact, and how the code ended if not at the end."""
    case = exercise["cases"][number]
    seen, problem = _probe(exercise["exercise"], case, module, explain)
    arguments = decoded(case["arguments"])
    values = with_views(exercise["exercise"], case["probe"], arguments, _as_data(seen))
    ended = None
    if problem is not None:
        blamed = case["blame"].get(problem["step"], case["blame"][""])
        ended = {"property": blamed, "message": sentence(problem), "unwritten": unwritten(problem)}
    outcomes = [_outcome(fact, values, arguments) for fact in decoded(case["facts"])]
    return {"case": number, "outcomes": outcomes, "ended": ended}


def _outcome(
    fact: Mapping[str, Any], values: Mapping[str, Any], arguments: Mapping[str, Any]
) -> dict[str, str]:
    """`want_argument` of a fact names the argument that the value should be equal to."""
    found = {"property": fact["property"], "verdict": "held"}
    if "want_argument" in fact:
        fact = {**fact, "want": arguments[fact["want_argument"]]}
    try:
        broken = look(fact, values)
    except NotSeen:
        return {**found, "verdict": "not seen"}
    if broken is None:
        return found
    return {
        **found, "verdict": "broken", "message": broken.message, "yours": broken.yours, "expected": broken.expected,
    }  # fmt: skip


def _probe(
    exercise: str, case: Mapping[str, Any], module: Any, explain: Explain
) -> tuple[dict[str, Any], Mapping[str, Any] | None]:
    seen, problem = Seen(), None
    with warnings.catch_warnings(record=True) as caught:
        try:
            warnings.simplefilter("always")
            torch.manual_seed(case["seed"])
            numpy.random.seed(case["seed"])
            random.seed(case["seed"])
            find_probe(exercise, case["probe"])(module, decoded(case["arguments"]), seen)
        except KeyboardInterrupt:
            raise
        except BaseException as error:
            problem = explain(error, str(seen.step))
    told = [[item.category.__name__, clean(str(item.message), 300)] for item in caught or ()]
    return {**seen, "warnings": told[:20]}, problem


def _as_data(seen: dict[str, Any]) -> dict[str, Any]:
    """What was seen, as the judge would get it: plain tensors and numbers, in copies."""
    try:
        frame = wire.pack(seen, wire.MAX_TEXT)
        header, _ = wire.frame_lengths(frame[: wire.PREFIX])
        start = wire.PREFIX + header
        value = wire.unpack(frame[wire.PREFIX : start], frame[start:])
    except (wire.WireError, MemoryError, RuntimeError):
        return {}
    return value if isinstance(value, dict) else {}


def sentence(problem: Mapping[str, Any]) -> str:
    """What happened, for the student: a sentence, and in lines below it what is known besides."""
    during = f" during {problem['step']}" if problem["step"] else ""
    number, line = problem["frames"][-1] if problem["frames"] else (0, "")
    where = f", in line {number}" if problem["frames"] else ""
    lines = [f"Your code raised {problem['type']}{during}{where}."]
    lines += [problem["message"]] * bool(problem["message"])
    return "\n".join([*lines, *[f"Line {number}: `{line.strip()}`"] * bool(problem["frames"])])


def unwritten(problem: Mapping[str, Any]) -> str:
    """The name whose stub raised, if that is what happened."""
    words = problem["message"].split()
    told = (
        problem["type"] == "NotImplementedError"
        and len(words) == 3
        and (words[0], words[2]) == ("write", "here")
    )
    return words[1].partition(".")[0] if told else ""
