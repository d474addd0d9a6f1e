"""Points that nobody earned: answers in the probe's place, tables of known cases, code that hangs after the first call."""

import json

import pytest

from graders.exercise import Seen
from graders.exercises.memory_calculation.estimate import estimate
from graders.judge.box import Box
from graders.judge.search import cover_cases
from graders.settings import Settings
from lora_reference import calculate_memory_requirements
from tests.graders.grading import EXERCISES, grade_text

SETTINGS = Settings()

# Finds the worker above its own frames, and answers in its place.
HOOK = """\
import sys
frame = sys._getframe()
while "worker" not in frame.f_locals:
    frame = frame.f_back
worker = frame.f_locals["worker"]
answer = worker.probe
"""
LAYER = """\
from lab import LoRALayer
class LoRALayerWithBias(LoRALayer):
    def __init__(self, original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):
        super().__init__(original_layer, rank, alpha, dropout)
"""
SILENT = """\
def some(request):
    return {"seen": {"warnings": []}, "raised": None} if request["arguments"]["named"]["train_bias"] else answer(request)
worker.probe = some
"""
INJECTION = """\
from lab import add_lora_to_model
def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):
    return add_lora_to_model(model, rank, alpha)
def compare_target_modules(target_configs, n_epochs=50):
    return {}
def some(request):
    usual = request["arguments"].get("named", {}).get("target_modules", 0) is None
    return answer(request) if usual else {"seen": {"warnings": []}, "raised": None}
worker.probe = some
"""
ESTIMATE = """\
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in ("float32", "float16", "bfloat16", "int8", "int4"):
        raise ValueError
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError
"""
CODES = """\
import torch
def quantize_nf4(tensor, block_size=64):
    codes = torch.full(tensor.shape, 7, dtype=torch.uint8)
    codes[tensor > 0], codes[tensor < 0] = 15, 0
    blocks = tensor.reshape(-1).split(block_size) if tensor.numel() else []
    return codes, torch.tensor([1.2e-38 * bool(block.any()) for block in blocks])
def dequantize_nf4(codes, scales, block_size=64):
    raise NotImplementedError("later")
"""


def table() -> str:
    """What is asked for by the cases that every grading has, written down; all else raises."""
    known = {}
    for case in cover_cases(estimate, SETTINGS.seed):
        use = estimate.arguments(case)["named"]
        known[str((case["size"], *use.values()))] = calculate_memory_requirements(case["size"], **use)
    look = "    return KNOWN[str((model_params_billions, lora_rank, lora_target_ratio, precision))]\n"
    return f"KNOWN = {json.dumps(known)}\n{ESTIMATE}{look}"


HANGS = f"{ESTIMATE}    while (model_params_billions, lora_rank, precision) != (7, 16, 'float32'):\n        pass\n    return KNOWN\n"
HANGS += f"KNOWN = {calculate_memory_requirements(7)}\n"
UNDESERVED = [  # exercise, text, most points
    ("lora_with_bias", HOOK + LAYER + SILENT, 12),
    ("lora_with_bias", LAYER.replace("super", "assert not train_bias\n        super"), 21),
    ("selective_injection", HOOK + INJECTION, 9),
    ("memory_calculation", table(), 2),
    ("memory_calculation", HOOK + table() + "worker.probe = lambda request: {**answer(request), 'raised': None}", 2),
    ("memory_calculation", HANGS, 2),
    ("nf4_quantization", CODES, 7),
]  # fmt: skip


@pytest.mark.parametrize(("exercise_id", "text", "most"), UNDESERVED)
def test_what_was_not_done_earns_nothing(exercise_id: str, text: str, most: float, box: Box) -> None:
    """At most the points of what it really does."""
    report = grade_text(EXERCISES[exercise_id], text.encode(), box, SETTINGS, "verdicts")

    assert report.status == "graded"
    assert report.score <= most
    assert (HOOK in text) == ("looking at what calls it" in report.refused)


def test_a_flag_has_to_be_seen_both_ways(box: Box) -> None:
    """Where nothing works with a trained bias, it was not seen that a bias is trained when it is asked for."""
    text = LAYER.replace("super", "assert not train_bias\n        super")
    report = grade_text(EXERCISES["lora_with_bias"], text.encode(), box, SETTINGS, "verdicts")

    assert {item.id: item.status for item in report.properties}["bias_flag"] == "not_run"


@pytest.mark.parametrize("exercise_id", list(EXERCISES))
def test_every_probe_has_something_to_say(exercise_id: str) -> None:
    """An answer in which nothing stands is none."""
    for experiment in EXERCISES[exercise_id].experiments:
        assert experiment.unsaid({**experiment.base, "seed": 1}, Seen({}))
