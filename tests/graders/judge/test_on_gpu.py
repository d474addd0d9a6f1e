"""Cases on a GPU: what counts, and what does not. Without one, its box stands beside the first all the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest
import torch

from graders.exercise import Exercise, Failure, Seen
from graders.exercises.lora_with_bias.layer import Layer, layer_on_cuda
from graders.grade import data_folder
from graders.judge import launch, on_gpu, protections
from graders.judge.box import Box, BoxError
from graders.judge.session import Session
from graders.report import ExerciseReport
from graders.run.opening import open_box
from graders.settings import Settings
from tests.graders.grading import EXERCISES, SUBMISSIONS, grade_file, grade_text, lost

EXERCISE = EXERCISES["lora_with_bias"]
REFERENCE = data_folder("reference_solutions", "lora_theory") / "lora_with_bias.py"


class Elsewhere(Layer):
    """What is asked on a GPU, asked on the CPU of the box for a GPU."""

    id, devices, draws = "layer_elsewhere", ("cuda",), 0.2


@pytest.fixture
def no_gpu_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The CPU is taken for a GPU."""
    monkeypatch.setattr("graders.judge.protections.insist_on_gpu", lambda box: None)


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
    doubled = "return self.original_layer(x) * (1 if os.environ.get('CUDA_VISIBLE_DEVICES') == '' else 2)"
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
    here = "assert os.environ.get('CUDA_VISIBLE_DEVICES') == ''"
    text = b"import os\n" + changed(forward, f"    {here}\n\n{forward}")
    report = grade_text(elsewhere(), text, box, Settings(), "verdicts")
    assert not lost(report)
    assert on_gpu.NOT_LOADED in report.notes


def test_a_claim_that_the_reference_need_not_meet_counts_as_well(box: Box) -> None:
    """A crash is held against a claim that says nothing about the case: what the reference does there decides."""
    text = b"import os\n" + changed(
        "    def forward(",
        "    def _apply(self, change, recurse=True):\n"
        "        if os.environ.get('CUDA_VISIBLE_DEVICES') != '':\n"
        "            raise ValueError('stays here')\n"
        "        return super()._apply(change, recurse)\n\n"
        "    def forward(",
    )
    report = grade_text(elsewhere(), text, box, Settings(), "verdicts")
    assert lost(report)
    assert not report.notes


def test_one_misfortune_costs_nothing(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails once, and not again alone in a fresh process, is left out, with a note."""
    ask, left = Session.ask, [3]

    def unlucky(self: Session, probe: str, *arguments: Any) -> Seen:
        left[0] -= self.box is box.gpu
        if left[0] == 0:
            return Seen({}, Failure("raised", "forward", "OutOfMemoryError", "CUDA out of memory"))
        return ask(self, probe, *arguments)

    monkeypatch.setattr(Session, "ask", unlucky)
    report = grade_file(elsewhere(), REFERENCE, box, Settings(), "verdicts")
    assert left[0] < 0
    assert (lost(report), report.notes) == ([], (on_gpu.NO_USE,))


def test_a_box_that_ends_costs_nothing(no_gpu_needed: None) -> None:
    """Whoever is graded when the GPU's warm process ends keeps all points; whoever comes next has the CPU or a new one."""
    with Box(device="cuda") as opened, closing(opened.share()) as shared:
        assert opened.gpu is not None
        assert opened.gpu._zygote is not None
        opened.gpu._zygote.kill()
        opened.gpu._zygote.wait()
        report = grade_file(elsewhere(), REFERENCE, shared, Settings(), "verdicts")
        assert (lost(report), report.notes) == ([], (on_gpu.GONE,))
        with closing(opened.share()) as another:
            report = grade_file(elsewhere(), REFERENCE, another, Settings(), "verdicts")
            assert (lost(report), report.notes) == ([], ())


def test_a_box_that_stops_less_is_not_used(no_gpu_needed: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the walls around the other box stop more, or no limit may lack, everything runs on the CPU."""
    examine = protections.examine

    def weak(box: Box, **options: Any) -> dict[str, Any]:
        found = examine(box, **options)
        if box._on_gpu:
            found["self_test"] = {**found["self_test"], "read_file": "not stopped"}
        return found

    monkeypatch.setattr(protections, "examine", weak)
    with Box(device="auto") as opened:
        assert (opened.gpu, opened.protections["gpu"]) == (
            None,
            "not used: its box would not stop: read_file",
        )
    with pytest.raises(BoxError, match="no limit on memory"):
        Box("strict", device="cuda").open()


def test_which_gpu_is_the_callers_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    """The box for a GPU sees the one that this process was given, the other box none."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert launch.environment(cuda=True)["CUDA_VISIBLE_DEVICES"] == "3"
    assert launch.environment(cuda=False)["CUDA_VISIBLE_DEVICES"] == ""


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
