"""Python that shows a failing case of exercise 3 again: the call, and the keys that the claim is about."""

from __future__ import annotations

from graders.exercise import Case, Experiment, Violation
from graders.exercises.memory_calculation.estimate import (
    DEFAULTS,
    FULL,
    KEYS,
    LORA,
    beside,
    named,
    near,
    refuse,
    written,
)
from graders.replay import Line, call_source, earlier, ending, script
from lora_reference import calculate_memory_requirements

FUNCTION = "calculate_memory_requirements"
PARTS = {"full_ft_total": FULL, "lora_total": LORA}


def replay(experiment: Experiment, case: Case, property_id: str, violation: Violation, notebook: bool) -> str:
    """The script of one failed claim."""
    given, style = (
        ({name: case[name] for name in DEFAULTS}, case["call"]) if experiment is refuse else written(case)
    )
    called = call_source(FUNCTION, [repr(case["size"])], given, style)
    if experiment is refuse:
        attempt = [
            "try:", f"    {called}", '    outcome = "a result"', "except ValueError:", '    outcome = "ValueError"',
            "except Exception as error:", "    outcome = type(error).__name__",
        ]  # fmt: skip
        if "a second time" in violation.message:
            attempt = ["for _ in range(2):", *(f"    {line}" for line in attempt)]
        lines: list[Line] = [earlier(f"{FUNCTION}(7)"), *attempt, *ending("outcome", '"ValueError"')]
    else:
        other = [earlier(beside(case))] if case["beside"] else []
        lines = [*other, called]
        if violation.kind == "violated" and "called again" in violation.message:
            key = next(iter(violation.expected))
            kept = [f"result = {called}", f'first = result["{key}"]', beside(case)]
            lines = [*kept, *ending(f'"{key}", result["{key}"]', f'"{key}", first')]
        elif violation.kind == "violated":
            lines = [*other, f"result = {called}", *shown_keys(case, property_id, violation)]
    return script("memory_calculation", [FUNCTION], lines, notebook)


def shown_keys(case: Case, property_id: str, violation: Violation) -> list[str]:
    """The end of the script: one key's value, or what is wrong with the keys."""
    if property_id == "keys":
        return about_keys(violation)
    key, value = next(iter(violation.expected.items()))
    want = calculate_memory_requirements(case["size"], **named(case))[key]
    expected = f"{value:.7g}"
    if key in PARTS and not near(value, want):
        expected = " + ".join(f'result["{part}"]' for part in PARTS[key])
    if key == "memory_savings_ratio" and not near(value, want):
        expected = 'result["lora_total"] / result["full_ft_total"]'
    return ending(f'"{key}", result["{key}"]', f'"{key}", {expected}')


def about_keys(violation: Violation) -> list[str]:
    """What is missing, or of another type, or always the same."""
    want = violation.expected
    if want == "a dict":
        return ending('"a dict:", isinstance(result, dict)', '"a dict:", True')
    if want == "a number":
        key = violation.message.split("`")[1]
        return ending(
            f'"{key} is a number:", type(result["{key}"]) in (int, float)', f'"{key} is a number:", True'
        )
    if isinstance(want, list):
        missing = f"[key for key in {list(KEYS)} if key not in result]"
        return ending(f'"missing:", {missing}', '"missing:", []')
    return ending('"values differ:", len(set(map(repr, result.values()))) > 1', '"values differ:", True')
