"""Cases on a GPU: what counts, and what does not. Without one, its box stands beside the first all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest
import torch

from graders.exercise import Exercise
from graders.exercises.lora_with_bias.layer import Layer, layer_on_cuda
from graders.grade import data_folder
from graders.judge import on_gpu
from graders.judge.box import Box
from graders.report import ExerciseReport
from graders.run.opening import open_box
from graders.settings import Settings
from tests.graders.grading import EXERCISES, SUBMISSIONS, grade_file, grade_text, lost

EXERCISE = EXERCISES["lora_with_bias"]
REFERENCE = data_folder("reference_solutions", "lora_theory") / "lora_with_bias.py"


class Elsewhere(Layer):
    """What is asked on a GPU, asked on the CPU of the box for a GPU."""

    id, devices, draws = "layer_elsewhere", ("cuda",), 0.2


@pytest.fixture(scope="module")
def box() -> Iterator[Box]:
    """A box that takes this machine's CPU for a GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("graders.judge.protections.insist_on_gpu", lambda box: None)
        with Box(device="cuda") as opened, closing(opened.share()) as shared:
            assert shared.device == "cuda"
            yield shared


def elsewhere() -> Exercise:
    """Exercise 1, whose cases for a GPU run where there need not be one."""
    there = Elsewhere()
    checks = {
        claim: [(there if experiment is layer_on_cuda else experiment, check) for experiment, check in pairs]
        for claim, pairs in EXERCISE.checks.items()
    }
    return replace(EXERCISE, checks=checks)


def graded(exercise: Exercise, name: str, box: Box) -> ExerciseReport:
    return grade_file(exercise, SUBMISSIONS / "lora_with_bias" / f"{name}.py", box, Settings(), "verdicts")


def changed(old: str, new: str) -> bytes:
    """The reference solution with something else in one place."""
    text = REFERENCE.read_text()
    assert text.count(old) == 1
    return text.replace(old, new).encode()


def test_what_is_wrong_there_alone_is_lost(box: Box) -> None:
    """Right code holds in both boxes; code that is wrong where there may be a GPU loses what its cases there show."""
    exercise = elsewhere()
    report = grade_file(exercise, REFERENCE, box, Settings(), "verdicts")
    assert (lost(report), report.notes) == ([], ())
    doubled = "return self.original_layer(x) * (1 if 'CUDA_VISIBLE_DEVICES' in os.environ else 2)"
    text = b"import os\n" + changed("return self.original_layer(x)", doubled)
    report = grade_text(exercise, text, box, Settings())
    failed = {
        item.id: item.counterexample["case"]["experiment"]
        for item in report.properties
        if item.counterexample
    }
    assert failed == {"starts_as_original": "layer_elsewhere"}
    assert not report.notes


def test_what_does_not_load_there_is_not_asked_there(box: Box) -> None:
    """Points come from the CPU then, and a note says so."""
    forward = "    def forward("
    text = b"import os\n" + changed(forward, f"    os.environ['CUDA_VISIBLE_DEVICES']\n\n{forward}")
    report = grade_text(elsewhere(), text, box, Settings(), "verdicts")
    assert not lost(report)
    assert on_gpu.NOT_LOADED in report.notes


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU, which works")
def test_a_gpu_that_fails_the_reference_costs_nobody_a_point(box: Box) -> None:
    """All cases raise where torch has no CUDA, the reference's too: full points, and a note."""
    report = grade_file(EXERCISE, REFERENCE, box, Settings(), "verdicts")
    assert not lost(report)
    assert on_gpu.NO_USE in report.notes
    report = graded(EXERCISE, "wrong/a_zero", box)
    assert [item.id for item in report.properties if item.status == "failed"] == ["a_random"]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU that torch can use")
def test_on_a_gpu() -> None:
    """Right code passes there as well, with convolutions and with its own wish for speed; its cases are asked."""
    fast = (
        b"import torch\ntorch.backends.cudnn.allow_tf32 = True\ntorch.set_float32_matmul_precision('high')\n"
    )
    with open_box(Settings(device="cuda")) as opened, closing(opened.share()) as shared:
        for text in (REFERENCE.read_bytes(), fast + REFERENCE.read_bytes()):
            report = grade_text(EXERCISE, text, shared, Settings())
            assert (lost(report), on_gpu.NO_USE in report.notes) == ([], False)
        assert not lost(graded(EXERCISE, "correct/conv1d_pointwise", shared))
        assert lost(
            grade_text(EXERCISE, changed("self.dropout(x)", "self.dropout(x.cpu())"), shared, Settings())
        )
