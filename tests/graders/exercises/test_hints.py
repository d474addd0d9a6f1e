"""Hints: three for every claim, and never the solution."""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from graders.exercise import Exercise
from graders.grade import assignments, data_folder
from graders.stubs import BEGIN, END, make_stub

EXERCISES = assignments()["lora_theory"].exercises
SHORTEST = 8  # characters of an expression, without spaces, from which on it gives something away


def packed(text: str) -> str:
    """A text without what formatting may change."""
    return "".join(text.split()).replace('"', "'")


def solution(text: str) -> Iterator[str]:
    """Every line of the regions that a student writes, and every expression in them."""
    lines, inside = text.splitlines(), False
    numbers = set()
    for number, line in enumerate(lines, start=1):
        if line.strip() in (BEGIN, END):
            inside = line.strip() == BEGIN
        elif inside:
            numbers.add(number)
            yield packed(line)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.expr) and node.lineno in numbers and not isinstance(node, ast.Name):
            yield packed(ast.unparse(node))


def leaks(hint: str, text: str) -> list[str]:
    """What a hint has in common with a solution, and the stub does not say: a line, or an expression."""
    given = packed(make_stub(text))
    return [
        part
        for part in solution(text)
        if len(part) >= SHORTEST and part not in given and part in packed(hint)
    ]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_every_claim_has_three_hints(exercise: Exercise) -> None:
    """Three steps for each property, and none for what is no property; each is a sentence or two, the second a question."""
    assert set(exercise.hints) == {claim.id for claim in exercise.properties}
    for steps in exercise.hints.values():
        assert len(steps) == 3
        assert all(20 < len(step) < 320 and step[0].isupper() and step[-1] in ".?" for step in steps)
        assert steps[1].endswith("?")


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.id)
def test_no_hint_holds_a_part_of_the_solution(exercise: Exercise) -> None:
    """No hint has a line or an expression of the reference solution, nor has the hint of a known mistake."""
    text = (data_folder("reference_solutions", "lora_theory") / f"{exercise.id}.py").read_text("utf-8")
    hints = [step for steps in exercise.hints.values() for step in steps]
    hints += [mistake.hint for mistake in exercise.naming.mistakes.values()] if exercise.naming else []

    assert [(hint, found) for hint in hints for found in leaks(hint, text)] == []


def test_a_part_of_the_solution_is_found() -> None:
    """The check can fail: an expression of the solution is found, however it is spaced."""
    text = f"def f(x, n):\n    {BEGIN}\n    y = x*alpha / rank\n    return y\n    {END}\n"

    assert leaks("Try `x * alpha/rank` there.", text)
    assert not leaks("What is alpha for rank 2?", text)
