"""Pictures of the exercises: what a failing case gives to draw, as the schema describes it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from jsonschema import Draft202012Validator

import graders.report
from graders.exercise import NotSeen, Seen
from graders.exercises.selective_injection import compare, inject
from graders.feedback import pictures
from graders.judge.box import Box
from graders.judge.search import cover_cases
from graders.settings import Settings
from tests.graders.grading import EXERCISES, grade_text

SCHEMA = json.loads((Path(graders.report.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
PICTURE = Draft202012Validator({**SCHEMA, "$ref": "#/$defs/picture", "type": "object", "required": [], "properties": {}, "additionalProperties": True})  # fmt: skip
HALF = """
def calculate_memory_requirements(size, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}[precision]
    t, p = max(b, 2), size * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = [size * b, size * t, size * t], [size * b, p * t, p * t, 2 * p * t]
    values = [*full, sum(full), *lora, sum(lora), sum(lora) / sum(full)]
    keys = "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters lora_gradients"
    return dict(zip((keys + " lora_optimizer lora_total memory_savings_ratio").split(), values))
"""
BELOW = """
import torch
from lab import LoRALayer
LEVELS = torch.tensor([-1.0, -0.6961928, -0.52507305, -0.39491749, -0.28444138, -0.18477343, -0.09105004, 0.0,
                       0.0795803, 0.1609302, 0.2461123, 0.33791524, 0.44070983, 0.562617, 0.72295684, 1.0])
def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    scales = torch.stack([part.abs().max() for part in flat.split(block_size)]) if len(flat) else torch.zeros(0)
    ratio = flat / scales.clamp(min=1e-38).repeat_interleave(block_size)[: len(flat)]
    return (torch.searchsorted(LEVELS, ratio, right=True) - 1).to(torch.uint8).reshape(tensor.shape), scales
def dequantize_nf4(codes, scales, block_size=64):
    flat = LEVELS[codes.reshape(-1).long()]
    return (flat * scales.repeat_interleave(block_size)[: len(flat)]).reshape(codes.shape)
"""


def sound(data: Any) -> Any:
    """The picture, if the schema describes it and it can be drawn."""
    assert [error.message for error in PICTURE.iter_errors(json.loads(json.dumps(data)))] == []
    assert pictures.picture(data) is not None
    return data


def test_memory_that_differs_is_drawn(box: Box) -> None:
    """An optimizer with half the memory gives bars of what is wrong on its side, each by the factor that the facts tell."""
    report = grade_text(EXERCISES["memory_calculation"], HALF.encode(), box, Settings())
    outcome = next(item for item in report.properties if item.id == "full_ft_optimizer")
    assert outcome.counterexample is not None
    assert [row["label"] for row in sound(outcome.counterexample["picture"])["rows"]] == [
        "full_ft_optimizer",
        "full_ft_total",
    ]
    assert any(fact.startswith("Yours is 0.5 times") for fact in outcome.counterexample["facts"])
    assert outcome.hints == EXERCISES["memory_calculation"].hints["full_ft_optimizer"]


def test_codes_are_drawn_over_the_levels(box: Box) -> None:
    """Codes that are always the lower neighbour's are wrong at many levels, and each given level is lower."""
    report = grade_text(EXERCISES["nf4_quantization"], BELOW.encode(), box, Settings())
    outcome = next(item for item in report.properties if item.id == "nearest_level")
    assert outcome.counterexample is not None
    levels = sound(outcome.counterexample["picture"])["levels"]
    wrong = [entry for entry in levels if entry["wrong"]]
    assert len(levels) == 16
    assert len(wrong) > 5
    assert all(entry["given"] < entry["level"] and entry["wrong"] <= entry["count"] for entry in wrong)
    assert report.contract.startswith("`quantize_nf4(tensor, block_size=64)")
    assert "<a id" not in report.contract


def injected(wrapped: list[str]) -> tuple[dict[str, Any], Seen]:
    """What a probe shows of the base case if these layers were wrapped and one bias was left trainable."""
    case = cover_cases(inject, 1)[0]
    names = ["q_proj", "v_proj", "up_proj", "lm_head", "norm"]
    before = {"": [0, False], **{name: [number, name != "norm"] for number, name in enumerate(names, 1)}}
    parameters: dict[str, Any] = {f"{name}.bias": [[3], name == "lm_head", ""] for name in names}
    for name in wrapped:
        parameters |= {f"{name}.lora_{letter}": [[2, 3], True, letter] for letter in "AB"}
    return case, Seen({"modules before": before, "parameters": parameters, "modules": {}})


def test_wrapped_layers_are_drawn_as_a_tree() -> None:
    """Each layer says whether it was wrapped and whether it should have been."""
    draw = EXERCISES["selective_injection"].picture
    assert draw is not None
    nodes = sound(draw(inject, *injected(["q_proj", "lm_head"]), "wraps_targets"))["nodes"]
    said = {node["name"]: (node["yours"], node["expected"]) for node in nodes}
    assert said == {
        "q_proj": ("wrapped", "wrapped"), "v_proj": ("left as it is", "wrapped"), "up_proj": ("left as it is",) * 2,
        "lm_head": ("wrapped", "left as it is"), "norm": ("left as it is",) * 2,
    }  # fmt: skip
    trained = sound(draw(inject, *injected(["q_proj"]), "rest_frozen"))["nodes"]
    assert [node["name"] for node in trained if node["yours"] != node["expected"]] == ["lm_head.bias"]
    assert draw(inject, *injected(["q_proj"]), "rank") is None


def test_losses_are_drawn_as_curves() -> None:
    """For independence the configuration that both calls share is drawn, once for each; losses that are none stop it."""
    draw = EXERCISES["selective_injection"].picture
    assert draw is not None
    case = cover_cases(compare, 1)[0]
    entries = {"entries": {key: {"losses": [2.0, float("nan"), 1.0]} for key in ("q_proj+v_proj",)}}
    seen = Seen({"calls": [entries, entries, entries]})
    lines = sound(draw(compare, case, seen, "independent"))["lines"]
    assert [line["label"] for line in lines] == ["q_proj+v_proj, first call", "q_proj+v_proj, second call"]
    assert lines[0]["values"] == [2.0, None, 1.0]
    with pytest.raises(NotSeen):
        draw(compare, case, Seen({"calls": [{"entries": torch.ones(1)}] * 3}), "trains")
