"""Known mistakes of exercise 2, executable: those of the injection and of the comparison, which may come together."""

from __future__ import annotations

import functools

from graders.exercise import Case, Experiment, Mistake, Naming, Seen, Shows
from graders.exercises.selective_injection import comparison_mistakes, injection_mistakes
from graders.exercises.selective_injection.comparison_case import compare
from graders.exercises.selective_injection.comparison_mistakes import may_show
from graders.exercises.selective_injection.comparison_seen import facts_of
from graders.exercises.selective_injection.injection_model import injected, layers_of
from graders.exercises.selective_injection.injection_seen import observe, shows

MISTAKES = {**injection_mistakes.MISTAKES, **comparison_mistakes.MISTAKES}
OF_INJECTION = frozenset(injection_mistakes.VARIANTS)
VARIANTS = (*injection_mistakes.VARIANTS, *comparison_mistakes.VARIANTS)


def compare_with(experiment: Experiment, case: Case, seen: Seen) -> Shows:
    """Says of any variants whether they show what was seen: of the injection all, of the comparison the facts."""
    if experiment is compare:
        facts = facts_of(case, seen)
        return lambda wrong: may_show(facts, wrong)
    observed, layers = observe(case, seen), layers_of(case)

    @functools.cache
    def injection_shows(wrong: frozenset[str]) -> bool:
        return shows(observed, injected(wrong, case, layers))

    return lambda wrong: injection_shows(wrong & OF_INJECTION)


naming = Naming(
    {name: Mistake(name, title, hint) for name, (title, hint) in MISTAKES.items()},
    VARIANTS,
    (*comparison_mistakes.TELLING, *injection_mistakes.TELLING),
    compare_with,
)
