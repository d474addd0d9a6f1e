"""The library of mistakes of the selective injection, without a box; and that naming trains nothing twice."""

from dataclasses import astuple
from typing import Any

import pytest

from graders.exercises.selective_injection import comparison_mistakes, injection_mistakes
from graders.exercises.selective_injection.comparison_mistakes import RIGHT, may_show, predicted
from graders.exercises.selective_injection.injection_model import injected, layers_of
from graders.grade import grade_exercise
from graders.judge.box import Box
from graders.judge.reading import Submission
from graders.judge.session import Session
from graders.settings import Settings
from tests.graders.grading import EXERCISES

CASES = [(case, layers_of(case)) for _, case in injection_mistakes.TELLING]


def shown(*variants: str) -> str:
    """All that the telling cases show of an injection with these variants."""
    return repr([in_order(astuple(injected(frozenset(variants), case, layers))) for case, layers in CASES])


def in_order(value: Any) -> Any:
    """Sets and dicts as sorted lists."""
    if isinstance(value, (set, frozenset, dict)):
        return sorted(map(repr, value.items() if isinstance(value, dict) else value))
    return [in_order(item) for item in value] if isinstance(value, tuple) else value


def test_every_way_of_a_mistake_of_the_injection_shows() -> None:
    """Each variant shows something else than a right injection in a telling case."""
    assert [variant for variant in injection_mistakes.VARIANTS if shown(variant) == shown()] == []


def test_no_two_mistakes_of_the_injection_look_the_same() -> None:
    """Variants that show the same everywhere have one name."""
    names: dict[str, set[str]] = {}
    for variant in injection_mistakes.VARIANTS:
        names.setdefault(shown(variant), set()).add(variant.partition(": ")[0])

    assert [same for same in names.values() if len(same) > 1] == []


def test_no_two_mistakes_of_the_comparison_predict_the_same_facts() -> None:
    """Each variant predicts facts that neither the right comparison nor another mistake predicts."""
    names: dict[str, set[str]] = {}
    for variant in ("right", *comparison_mistakes.VARIANTS):
        facts = predicted(frozenset([variant]) - {"right"})
        text = str([(name, in_order(facts[name])) for name in RIGHT])
        names.setdefault(text, set()).add(variant.partition(": ")[0])

    assert [same for same in names.values() if len(same) > 1] == []


def test_facts_refute_and_signs_have_to_be_seen() -> None:
    """A fact that was not seen refutes nothing that is right, and shows no mistake; one that may not be refutes."""
    right, keys = frozenset[str](), frozenset(["wrong-keys"])

    assert may_show({"end": "returned"}, right)
    assert not may_show({"end": "returned"}, keys)
    assert may_show({"keys": "other texts", "end": "returned"}, keys)
    assert not may_show({"keys": "other texts"}, right)
    assert not may_show({"keys": "right"}, keys)
    assert not may_show(None, right)


def test_a_frozen_adapter_may_stop_the_training() -> None:
    """What a mistake of the injection leads to in the comparison is no second mistake."""
    assert not may_show({"end": "raised"}, frozenset())
    assert may_show({"end": "raised"}, frozenset(["adapters-frozen"]))


def test_every_mistake_of_the_comparison_has_a_sign() -> None:
    """Each variant has a fact that it never leaves right."""
    assert [variant for variant, signs in comparison_mistakes.SIGNS.items() if not signs] == []


def test_what_the_claims_have_seen_is_not_asked_again(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Naming takes the comparison from the search: each experiment that trains is asked once."""
    asked: list[str] = []
    ask = Session.ask

    def counted(self, probe, *args, **kwargs):  # type: ignore[no-untyped-def]
        asked.append(probe)
        return ask(self, probe, *args, **kwargs)

    monkeypatch.setattr(Session, "ask", counted)
    text = (
        b"def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):\n    return model\n"
    )
    text += b"def compare_target_modules(target_configs, n_epochs=50):\n    return {}\n"
    submission = Submission("somebody", "lora_theory", {"selective_injection.py": text})

    grade_exercise(submission, EXERCISES["selective_injection"], box, Settings())

    assert asked.count("compare") == 2
    assert asked[-len(CASES) :] == ["inject"] * len(CASES)
