"""Texts of replays: they make exactly the tensors that the judge asked with, and fit a screen."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from graders.exercise import Case, Violation
from graders.exercises.lora_with_bias.layer import layer
from graders.exercises.lora_with_bias.replay import STREAMS, LayerLines
from graders.exercises.nf4_quantization import dequantize, quantize
from graders.exercises.nf4_quantization.replay import dequantize_lines, quantize_lines
from graders.judge.search import cover_cases, drawn_cases
from graders.replay import contents_source, form, script, tensor_source

CRASH = Violation("Your code raised KeyError.", kind="raised")


def cases(experiment: Any) -> list[Case]:
    """Cover cases, and some that are drawn."""
    return [*cover_cases(experiment, 11), *drawn_cases(experiment, 11, 60)]


def run(lines: list[Any]) -> dict[str, Any]:
    """The names that the lines of a script define."""
    names: dict[str, Any] = {"quantize_nf4": lambda *args, **named: None, "dequantize_nf4": None}
    exec(script("m", ["f"], lines, notebook=True), names)
    return names


def test_tensors_to_quantize_are_the_judges() -> None:
    """Of every kind, shape, dtype and memory layout."""
    for case in cases(quantize):
        want = quantize.arguments(case)["tensor"]
        x = run(quantize_lines(case, "scales", CRASH))["x"]
        assert (x.dtype, x.shape) == (want.dtype, want.shape), case
        assert torch.equal(x, want), case
        laid_out = case["layout"] in ("transposed", "strided") or want.dim() == 4
        laid_out &= case["layout"] != "contiguous" and want.dim() >= 2 and want.numel() > max(want.shape)
        assert not (laid_out and x.is_contiguous()), case


def test_codes_and_scales_are_the_judges() -> None:
    """Of every kind and shape."""
    for case in cases(dequantize):
        sent = dequantize.arguments(case)
        names = run(dequantize_lines(case, CRASH)[:-1])
        for name in ("codes", "scales"):
            assert names[name].dtype == sent[name].dtype, case
            assert torch.equal(names[name], sent[name]), case


def test_layers_are_the_judges() -> None:
    """Weights, factors, input and upstream gradient, in the case's dtype."""
    for case in cases(layer):
        tensors = layer.tensors(case)
        lines = LayerLines(case, tensors, CRASH)
        made = [(name, lines.source(name, lines.dtype)) for name in STREAMS if tensors[name] is not None]
        names = run(list(made))
        for name, _ in made:
            want = tensors[name].to(lines.dtype)
            assert names[name].dtype == want.dtype, case
            assert torch.equal(names[name], want), (case, name)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.ones(2, 3), "torch.ones(2, 3)"),
        (torch.zeros(0, 4, dtype=torch.float64), "torch.zeros(0, 4, dtype=torch.float64)"),
        (torch.full((5,), 2.5), "torch.full((5,), 2.5)"),
        (torch.tensor([0.1, -3.0]), "torch.tensor([0.1, -3.0])"),
        (torch.tensor(7, dtype=torch.uint8), "torch.tensor(7, dtype=torch.uint8)"),
        (torch.tensor([[1.0], [float("inf")]]), "torch.tensor([[1.0], [float('inf')]])"),
    ],
)
def test_a_few_values_are_written_out(value: torch.Tensor, text: str) -> None:
    """In as few digits as make them again."""
    assert tensor_source(value) == text


def test_many_values_are_an_expression() -> None:
    """Many values are made by the expression that is given, else packed."""
    value = torch.arange(1000.0)
    assert tensor_source(value, "torch.arange(1000.0)") == "torch.arange(1000.0)"
    assert torch.equal(run([("x", tensor_source(value))])["x"], value)
    assert "standard_normal((3, 4))" in contents_source("normal", [3, 4], 1, 2)


def test_assignments_share_a_line_where_they_fit() -> None:
    """Short assignments stand in one line; long ones too where the script would be too long."""
    short = [("a", "1"), ("b", "2"), "print(a)"]
    assert script("m", ["f"], short, notebook=False) == "from m import f\na, b = 1, 2\nprint(a)\n"
    long = [(f"x{at}", "1" * 90) for at in range(20)]
    assert len(script("m", ["f"], long, notebook=False).splitlines()) == 2
    assert len(script("m", ["f"], long[:5], notebook=False).splitlines()) == 6


def test_form_is_told_apart_from_values() -> None:
    """A violation of type, shape or dtype ends with just that; others do not."""
    assert "isinstance(y, torch.Tensor)" in form("y", Violation("", "a tensor", "None"))[0]
    assert form("y", Violation("", "shape (2, 3)", "shape (3,)"))[1].endswith('"shape", (2, 3))')
    assert form("y", Violation("", "float32", "float64"))[1].endswith("torch.float32)")
    assert form("y", Violation("", torch.ones(2), torch.zeros(2))) == []
    assert form("y", Violation("", "trainable", "frozen")) == []
