"""The loop: what a probe sees, what an exception becomes, and what a submission leaves behind."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from graders.worker import wire
from graders.worker.raised import clean

from .conftest import EXERCISES, Talk
from .test_files import QUANTIZE, only

Fresh = Callable[[], Talk]


def with_function(
    talk: Talk, body: str, before: str = "import numpy, random, sys, torch, warnings\n"
) -> Talk:
    text = before + "def quantize_nf4(x=0):\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    assert only(talk.load("nf4_quantization", {"nf4_quantization.py": text})) == ("attempt", "file")
    return talk


def test_what_was_seen_before_an_exception_comes_back(talk: Talk) -> None:
    """A probe that fails half-way still tells what it saw, and in which step it failed."""
    with_function(talk, "raise ValueError('no', x)")
    reply = talk.look("seen['a'] = torch.ones(2)\nseen.at('second')\nmodule.quantize_nf4(1)\nseen['b'] = 1")
    assert reply["seen"]["a"].tolist() == [1, 1]
    assert "b" not in reply["seen"]
    assert reply["raised"]["step"] == "second"
    assert reply["raised"]["message"] == "('no', 1)"


def test_each_probe_is_seeded(talk: Talk) -> None:
    """Torch, numpy and random give the same numbers under the same seed, whatever ran before."""
    with_function(talk, "return [torch.rand(1).item(), numpy.random.rand(), random.random()]")
    code = "seen['x'] = module.quantize_nf4()"
    first, second, third = (talk.look(code, seed=seed)["seen"]["x"] for seed in (3, 2**40, 3))
    assert first == third
    assert all(a != b for a, b in zip(first, second, strict=True))
    torch.manual_seed(3)
    assert first[0] == torch.rand(1).item()


def test_warnings_are_seen_every_time(talk: Talk) -> None:
    """A warning that the student's code raises is told with its category, in each probe anew."""
    with_function(talk, "warnings.warn('careful', RuntimeWarning)\nreturn numpy.float64(1) / x")
    for _ in range(2):
        told = talk.look("import numpy; module.quantize_nf4(numpy.float64(0))")["seen"]["warnings"]
        assert told[0] == ["RuntimeWarning", "careful"]
        assert told[1][0] == "RuntimeWarning"
    with_function(talk, "return 1")
    assert talk.look("module.quantize_nf4()")["seen"]["warnings"] == []


ENDS = {
    "SystemExit": "sys.exit('bye')",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "GeneratorExit": "raise GeneratorExit",
    "RecursionError": "return quantize_nf4(x)",
    "Own": "class Own(BaseException): pass\nraise Own",
    "ExceptionGroup": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "StopIteration": "raise StopIteration",
    "MemoryError": "raise MemoryError",
}


@pytest.mark.parametrize("kind", ENDS)
def test_whatever_is_raised_comes_back_as_data(talk: Talk, kind: str) -> None:
    """No exception ends the worker, and the next probe is answered."""
    with_function(talk, ENDS[kind])
    raised = talk.look("module.quantize_nf4()")["raised"]
    assert raised["type"] == kind
    assert 1 <= len(raised["frames"]) <= 5
    assert talk.see("1 + 1") == 2


def test_an_evil_exception_is_told_without_its_overrides(talk: Talk) -> None:
    """Neither the text nor the name of an exception is asked from the student's own methods."""
    body = (
        "class Meta(type):\n    __name__ = property(lambda c: 1 / 0)\n"
        "class Evil(Exception, metaclass=Meta):\n    def __str__(self): raise SystemExit\n"
        "    __repr__ = __getattribute__ = __str__\n"
        "class Worse:\n    def __str__(self): raise SystemExit\n    __repr__ = __str__\n"
        "raise Evil('plain') if x else Evil(Worse())"
    )
    with_function(talk, body)
    raised = talk.look("module.quantize_nf4(1)")["raised"]
    assert (raised["type"], raised["message"]) == ("Evil", "plain")
    raised = talk.look("module.quantize_nf4(0)")["raised"]
    assert (raised["type"], raised["message"]) == ("Evil", "")


def test_messages_are_cut_and_cleaned() -> None:
    """Addresses, folders and control characters do not reach a report; the words do."""
    assert clean("<object at 0x7f12ab34cd56>") == "<object at 0x\u2026>"
    assert clean("[Errno 2] '/home/ada/my work/x.pt'") == "[Errno 2] 'x.pt'"
    assert clean("in /usr/lib/python3.11/json/decoder.py, line 3") == "in decoder.py, line 3"
    assert clean("<submission>/nf4.py") == "nf4.py"
    assert clean(r"C:\Users\ada\x.py") == "x.py"
    assert clean("alpha/rank, 1/2, https://pytorch.org/docs") == "alpha/rank, 1/2, https://pytorch.org/docs"
    assert clean("a\x00b\x1b[31m\u202e\x85c\nd\te") == "a\u2400b\u241b[31m\ufffd\ufffdc\nd\te"
    assert clean("x" * 9999) == "x" * 499 + "\u2026"


def test_odd_results_do_not_spoil_a_reply(talk: Talk) -> None:
    """What a probe sees of a student may be anything."""
    with_function(
        talk,
        "class T(torch.Tensor):\n    __repr__ = __len__ = 1\nreturn [T([1.0]), object(), numpy.ones(2)]",
    )
    tensor, thing, array = talk.see("module.quantize_nf4()")
    assert torch.equal(tensor, torch.ones(1))
    assert thing == wire.Refused("an object")
    assert array == wire.Refused("a numpy.ndarray")


def test_settings_that_a_submission_leaves_behind_disturb_no_probe(talk: Talk) -> None:
    """Gradients, the default dtype and the recursion limit are as usual when a probe begins."""
    before = (
        "import sys, torch\ntorch.set_grad_enabled(False)\ntorch.set_default_dtype(torch.float64)\n"
        "sys.setrecursionlimit(60)\n"
    )
    with_function(talk, "sys.setrecursionlimit(70)", before)
    code = (
        "[torch.is_grad_enabled(), str(torch.ones(1).dtype), module.quantize_nf4(), sys.getrecursionlimit()]"
    )
    code = f"import sys; seen['x'] = {code}"
    assert talk.look(code)["seen"]["x"] == [True, "torch.float32", None, 70]
    assert talk.look(code)["seen"]["x"][:2] == [True, "torch.float32"]


def test_what_a_submission_rebinds_breaks_only_itself(talk: Talk) -> None:
    """A json, torch or os function that was replaced by accident does not silence the worker."""
    before = (
        "import json, os, struct, torch, random, warnings\n"
        "json.dumps = json.loads = os.read = os.write = struct.pack = None\n"
        "torch.manual_seed = random.seed = None\n"
        "torch.Tensor.detach = torch.Tensor.numpy = warnings.catch_warnings = None\n"
    )
    with_function(talk, "return torch.ones(1)", before)
    assert talk.see("module.quantize_nf4()").tolist() == [1]


def test_a_probe_watches_the_given_code_from_the_start(talk: Talk) -> None:
    """What the lab's data function makes is noted under any name, and while the submission is loaded."""
    before = "from lab import generate_synthetic_data as g\nimport lab\nX, Y = g(3)\n"
    with_function(talk, "return [lab.generate_synthetic_data(5), g(7)]", before)
    assert talk.look("module.quantize_nf4(); seen['x'] = module.watched")["seen"]["x"] == [[3], [5], [7]]


def test_a_name_that_is_missing_is_told_to_the_probe(talk: Talk) -> None:
    """Looking for what was not defined raises NameError."""
    with_function(talk, "return 1")
    assert talk.look("module.dequantize_nf4")["raised"]["type"] == "NameError"


def test_a_stub_says_that_it_is_not_written(talk: Talk) -> None:
    """Calling an untouched stub raises NotImplementedError."""
    talk.load(
        "nf4_quantization", {"nf4_quantization.py": "def quantize_nf4(x):\n    raise NotImplementedError\n"}
    )
    assert talk.look("module.quantize_nf4(1)")["raised"]["type"] == "NotImplementedError"


@pytest.mark.parametrize(
    "request_",
    [
        {"op": "probe", "probe": "look", "arguments": {}, "seed": 0},
        {"op": "nothing"},
        {},
        {"op": "load"},
    ],
)
def test_a_wrong_request_is_answered(talk: Talk, request_: dict[str, object]) -> None:
    """The judge's own mistakes come back as errors, not as silence."""
    assert talk.ask(request_)["raised"]["type"] in ("LookupError", "KeyError")


@pytest.mark.parametrize("name", ["nothing", "Any", "__doc__", "annotations", "sys"])
def test_only_functions_of_the_exercises_own_probe_file_are_probes(talk: Talk, name: str) -> None:
    """Nothing else can be called by name."""
    with_function(talk, "return 1")
    reply = talk.ask({"op": "probe", "probe": name, "arguments": {}, "seed": 0})
    assert reply["raised"]["type"] == "LookupError"


def test_a_broken_message_ends_the_worker(talk: Talk) -> None:
    """A worker that cannot understand its judge stops."""
    talk.connection.sendall(b"\xff" * 16)
    with pytest.raises((EOFError, ConnectionError)):
        wire.read_message(talk.connection.fileno())


def test_a_closed_pipe_ends_the_worker(talk: Talk) -> None:
    """Nobody is left behind when the judge is gone."""
    talk.connection.shutdown(1)
    with pytest.raises(EOFError):
        wire.read_message(talk.connection.fileno())


def test_an_exit_in_the_submission_ends_only_its_worker(workers: Fresh) -> None:
    """The judge sees the end of the pipe; the next worker is fresh."""
    with pytest.raises(EOFError):
        workers().load("nf4_quantization", {"nf4_quantization.py": "import os\nos._exit(3)\n"})
    assert only(workers().load("nf4_quantization", {"nf4_quantization.py": QUANTIZE.format(1)}))


def test_printing_is_harmless(talk: Talk) -> None:
    """What a submission prints goes nowhere, and never into a message."""
    with_function(talk, "print('x' * 100_000)\nsys.stderr.write('y')\nsys.stdout.flush()\nreturn 1")
    assert talk.see("module.quantize_nf4()") == 1


def test_every_solution_is_found_whole_and_by_definitions(workers: Fresh) -> None:
    """The reference solutions load in both modes."""
    from .conftest import ROOT

    folder = ROOT / "reference_solutions" / "lora_theory"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.py")}
    for exercise, names in EXERCISES.items():
        for mode in ("whole", "definitions"):
            reply = workers().load(exercise, files, mode=mode)
            assert reply == {
                "found": {n: {"state": "attempt", "where": "file"} for n in names},
                "notes": [],
                "tried": [],
            }
