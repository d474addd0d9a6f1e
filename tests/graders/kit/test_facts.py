"""Each kind of fact is shown what it takes and what it refuses."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graders.kit.checker.encoding import decoded, encoded
from graders.kit.checker.facts import KINDS, Broken, NotSeen, look
from graders.kit.checker.sheets import sheet_of

T = torch.tensor
SHOWN: list[tuple[str, dict[str, Any], Any, Any, str]] = [
    ("tensor", {"shape": [2], "dtype": "uint8"}, T([1, 2], dtype=torch.uint8), T([1.0, 2.0]), "v is float32, should be uint8."),
    ("tensor", {"shape": [2]}, T([1, 2]), T([[1, 2]]), "v has shape (1, 2), should be (2,)."),
    ("tensor", {}, T(1), None, "v is None, should be a tensor."),
    ("close", {"want": T([1.0, 2.0]), "absolute": 0.1}, T([1.05, 2.0]), T([1.0, 2.5]), "v[1] is 2.5, should be 2."),
    ("close", {"want": T([8.0]), "relative": 0.1, "note": "so"}, T([8.5]), T([float("nan")]), "v[0] is nan, should be 8 (so)."),
    ("close", {"wants": [T([1.0]), T([5.0])], "absolute": 0.0}, T([5.0]), T([2.0]), "v[0] is 2, should be 1."),
    ("close", {"want": T([1.0]), "absolute": 0.0}, T([1.0]), T([1]), "v is int64, should be float32."),
    ("between", {"low": T([1, 3]), "high": T([2, 3])}, T([2, 3], dtype=torch.uint8), T([1, 4]), "v[1] is 4, should be 3."),
    ("between", {"low": T([1]), "high": T([2])}, T([1.0]), T([1.5]), "v[0] is 1.5, should be 1 to 2."),
    ("one_of", {"values": ["a", "b"]}, "b", "c", "v is c, should be a or b."),
    ("one_of", {"values": [0.0, 4.0], "absolute": 0.1}, T([4.05, 0.0]), T([0.0, 2.0]), "v[1] is 2."),
    ("multiple", {"want": T([1.0, 2.0]), "absolute": 0.01, "nothing": "Nothing is added"}, T([3.0, 6.0]), T([1.0, -2.0]), "v[0] is"),
    ("multiple", {"want": T([1.0]), "absolute": 0.01, "nothing": "Nothing is added"}, T([-1.0]), T([0.0]), "Nothing is added."),
    ("same", {"want": T([1.0])}, T([1.0]), T([2.0]), "v is [2] (float32 tensor of shape (1,)), should be [1]"),
    ("same", {"want": [1, "a"]}, [1, "a"], [True, "a"], "v is [True, 'a'], should be [1, 'a']."),
    ("table", {"want": {"q": [1, 2]}}, {"q": [1, 2], "more": 1}, {"q": [2, 2]}, "v of `q` is [2, 2], should be [1, 2]."),
    ("names", {"want": ["a", "b"], "missing": "no `{}`", "extra": "`{}` too"}, ["b", "a"], ["a"], "no `b`."),
    ("names", {"want": ["a"], "missing": "no `{}`", "extra": "`{}` too"}, ["a"], ["a", "c"], "`c` too."),
    ("distinct", {"least": 2, "says": "All are the same"}, T([1.0, 2.0]), T([1.0, 1.0]), "All are the same."),
    ("within", {"low": 1, "high": 2, "want": 1.5}, 2, 3.0, "v is 3, should be 1.5 (2 times as much)."),
    ("within", {"low": 1, "high": 2, "want": 1.5}, 1.0, "x", "v is the text 'x', should be a number."),
    ("raises", {"want": "ValueError"}, "ValueError", "", "v returned a result, should raise ValueError."),
    ("raises", {"want": "ValueError"}, "ValueError", "KeyError", "v raised KeyError, should raise ValueError."),
    ("nothing", {"says": "`{}` is loose"}, [], ["norm"], "`norm` is loose."),
    ("nothing", {}, [], ["A sentence."], "A sentence."),
    ("something", {"says": "No factor gets a gradient"}, ["A"], [], "No factor gets a gradient."),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "more", "good", "bad", "message"), SHOWN)
def test_a_fact_holds_or_says_what_is_wrong(
    kind: str, more: dict[str, Any], good: Any, bad: Any, message: str
) -> None:
    """The good value is taken, the bad one refused with a sentence."""
    fact = {"kind": kind, "property": "p", "at": ["v"], "name": "v", **more}
    broken = look(fact, {"v": bad})

    assert look(fact, {"v": good}) is None
    assert isinstance(broken, Broken)
    assert broken.message.startswith(message)


def test_every_kind_is_shown_something_that_it_refuses() -> None:
    """The table above leaves no kind out."""
    assert {kind for kind, *_ in SHOWN} == set(KINDS)


def test_what_was_not_reached_breaks_no_fact() -> None:
    """A value that is not there is not seen, rather than wrong."""
    for at in (["w"], ["v", "key"], ["v", 3]):
        with pytest.raises(NotSeen):
            look({"kind": "nothing", "property": "p", "at": at, "name": "v"}, {"v": []})


def test_tensors_come_back_from_json() -> None:
    """Bit by bit, of every dtype and shape, also empty and without dimensions."""
    for dtype in (torch.float32, torch.float64, torch.float16, torch.bfloat16, torch.uint8, torch.int64):
        for shape in ((), (0,), (3, 0), (2, 3)):
            value = torch.arange(6)[: max(1, torch.Size(shape).numel())].to(dtype)
            value = value.reshape(shape) if torch.Size(shape).numel() else torch.empty(shape, dtype=dtype)
            back = decoded(encoded({"x": [value, 1, None]}))["x"]
            assert back[1:] == [1, None]
            assert (back[0].dtype, back[0].shape) == (dtype, torch.Size(shape))
            assert torch.equal(back[0], value)


def test_a_claim_waits_for_those_before_it_and_costs_once() -> None:
    """The first case that breaks a claim is told; what waits on it is not failed as well."""
    claims = [
        {"id": name, "title": name, "sentence": "", "function": "f", "waits_on": waits}
        for name, waits in (("a", []), ("b", ["a"]), ("c", ["b"]), ("d", []), ("e", []))
    ]
    exercise = {
        "exercise": "x",
        "title": "X",
        "defines": ["f"],
        "properties": claims,
        "cases": [{"input": {"n": "1"}}, {"input": {"n": "2"}}],
    }

    def outcomes(case: int, **verdicts: str) -> dict[str, Any]:
        items = [
            {"property": name, "verdict": said, "message": f"{name} {case}", "yours": "", "expected": ""}
            for name, said in verdicts.items()
        ]
        return {"case": case, "outcomes": items, "ended": None}

    results = [
        outcomes(0, a="held", b="held", c="broken", d="held", e="not seen"),
        outcomes(1, a="broken", b="broken", c="broken", d="held"),
    ]
    sheet = sheet_of(exercise, results, {"f": "attempt"})

    assert [(item.claim["id"], item.message, item.case) for item in sheet.failing] == [
        ("a", "a 1", {"n": "2"})
    ]
    assert dict(sheet.waiting) == {"b": ("a",), "c": ("a",), "e": ()}
    assert (sheet.holding, sheet.claims, sheet.complete) == (1, 5, False)
    assert sheet_of(exercise, results, {"f": "stub"}).unwritten == ("f",)
