"""Files of a submission: what is found in them, what they may import, how they fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import LAB, STUBS, Talk

Fresh = Callable[[], Talk]
QUANTIZE = "def quantize_nf4(tensor, block_size=64):\n    return {}\n"
DEQUANTIZE = "def dequantize_nf4(codes, scales, block_size=64):\n    return {}\n"


def states(reply: Any) -> dict[str, tuple[str, str]]:
    assert "found" in reply, reply
    return {name: (found["state"], found["where"]) for name, found in reply["found"].items()}


def only(states_of: Any, name: str = "quantize_nf4") -> tuple[str, str]:
    return states(states_of)[name]


def test_a_file_is_found_with_its_names(talk: Talk) -> None:
    """A function that is defined is an attempt, one that is not is missing."""
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": QUANTIZE.format(1)})
    assert states(reply) == {"quantize_nf4": ("attempt", "file"), "dequantize_nf4": ("missing", "")}
    assert talk.see("module.quantize_nf4(0)") == 1


@pytest.mark.parametrize("mode", ["whole", "definitions"])
def test_the_handed_out_stub_is_a_stub(workers: Fresh, mode: str) -> None:
    """Every stub as handed out is told from an attempt, in either mode."""
    for exercise, text in STUBS.items():
        found = states(workers().load(exercise, {f"{exercise}.py": text}, mode=mode))
        assert set(found.values()) == {("stub", "file")}


@pytest.mark.parametrize(
    "body",
    [
        "    raise NotImplementedError",
        "    '''Words.'''\n    raise NotImplementedError('later')",
        "    pass\n    ...\n    raise NotImplementedError()",
    ],
)
def test_a_body_that_only_raises_not_implemented_is_a_stub(talk: Talk, body: str) -> None:
    """A function that does nothing but say that it is not written is untouched, whatever its signature."""
    text = f"def quantize_nf4(x: int, *more) -> int:\n{body}\n"
    assert only(talk.load("nf4_quantization", {"nf4_quantization.py": text})) == ("stub", "file")


@pytest.mark.parametrize("body", ["    pass", "    return None", "    x = 1\n    raise NotImplementedError"])
def test_a_body_that_does_anything_is_an_attempt(talk: Talk, body: str) -> None:
    """A function that someone began to write is an attempt."""
    text = f"def quantize_nf4(x):\n{body}\n"
    assert only(talk.load("nf4_quantization", {"nf4_quantization.py": text})) == ("attempt", "file")


def test_a_class_with_nothing_written_is_a_stub_but_not_if_it_inherits_from_the_student(
    workers: Fresh,
) -> None:
    """An unwritten class derived from nn.Module is a stub; one derived from the student's own class works."""
    unwritten = (
        "from torch import nn\n{}class LoRALayerWithBias({}):\n    def __init__(self, a):\n"
        "        super().__init__()\n    def forward(self, x):\n        raise NotImplementedError\n"
    )
    files = {"lora_with_bias.py": unwritten.format("", "nn.Module")}
    assert only(workers().load("lora_with_bias", files), "LoRALayerWithBias") == ("stub", "file")
    files = {"lora_with_bias.py": unwritten.format("class Mine(nn.Module): pass\n", "Mine")}
    assert only(workers().load("lora_with_bias", files), "LoRALayerWithBias") == ("attempt", "file")


ADD = "def add_to(cls):\n    return lambda f: setattr(cls, f.__name__, f)\n"
BODIES = "def _init(self, *a):\n    torch.nn.Module.__init__(self)\ndef _forward(self, x):\n    return 5\n"


@pytest.mark.parametrize("mode", ["whole", "definitions"])
@pytest.mark.parametrize(
    "how",
    [
        f"{BODIES}LoRALayerWithBias.__init__ = _init\nLoRALayerWithBias.forward = _forward\n",
        f"{BODIES}setattr(LoRALayerWithBias, '__init__', _init)\nsetattr(LoRALayerWithBias, 'forward', _forward)\n",
        f"{ADD}@add_to(LoRALayerWithBias)\ndef __init__(self, *a):\n    torch.nn.Module.__init__(self)\n"
        "@add_to(LoRALayerWithBias)\ndef forward(self, x):\n    return 5\n",
    ],
    ids=["assigned", "setattr", "decorated"],
)
def test_methods_that_are_put_onto_the_stub_are_an_attempt(workers: Fresh, how: str, mode: str) -> None:
    """The class that was handed out counts as written where its methods come from below it, in a file or a notebook."""
    stub = STUBS["lora_with_bias"]
    talk = workers()
    reply = talk.load("lora_with_bias", {"lora_with_bias.py": f"{stub}\nimport torch\n{how}"}, mode=mode)
    assert only(reply, "LoRALayerWithBias") == ("attempt", "file")
    assert talk.see("module.LoRALayerWithBias(0).forward(0)") == 5
    cell = {"cell_type": "code", "metadata": {}, "outputs": []}
    cells = [{**cell, "source": stub}, {**cell, "source": f"import torch\n{how}"}]
    talk = workers()
    reply = talk.load("lora_with_bias", notebook=json.dumps({"nbformat": 4, "cells": cells}).encode())
    assert only(reply, "LoRALayerWithBias") == ("attempt", "notebook")
    assert talk.see("module.LoRALayerWithBias(0).forward(0)") == 5


@pytest.mark.parametrize("mode", ["whole", "definitions"])
def test_an_exported_notebook_is_read(workers: Fresh, mode: str) -> None:
    """A `.py` file that Colab made of a notebook holds lines of IPython, which go; a note says so."""
    text = "# -*- coding: utf-8 -*-\n!pip install -q \\\n    torch\n%matplotlib inline\n" + QUANTIZE.format(3)
    talk = workers()
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
    assert only(reply) == ("attempt", "file")
    assert talk.see("module.quantize_nf4(0)") == 3
    assert any("only IPython understands" in note for note in reply["notes"])


@pytest.mark.parametrize("mode", ["whole", "definitions"])
def test_the_last_definition_counts_but_a_stub_never_replaces_an_attempt(workers: Fresh, mode: str) -> None:
    """Of two attempts the later one counts; of an attempt and a stub the attempt, in either order."""
    stub, one, two = STUBS["nf4_quantization"], QUANTIZE.format(1), QUANTIZE.format(2)
    for text, value in [(one + two, 2), (stub + one, 1), (one + stub, 1), (one + stub + two + stub, 2)]:
        talk = workers()
        reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
        assert only(reply) == ("attempt", "file")
        assert talk.see("module.quantize_nf4(0)") == value


@pytest.mark.parametrize("mode", ["whole", "definitions"])
@pytest.mark.parametrize(
    "text",
    [
        "def _impl(x):\n    return 7\nquantize_nf4 = _impl\n",
        "import functools\ndef _impl(y, x):\n    return y\nquantize_nf4 = functools.partial(_impl, 7)\n",
        "from my_helpers import quantize_nf4\n",
        "from my_helpers import *\n",
        "from my_helpers import quantize_nf4 as one\nquantize_nf4 = lambda x: one(x)\n",
        "import my_helpers\nquantize_nf4 = my_helpers.quantize_nf4\n",
        "class Q:\n    def __call__(self, x):\n        return 7\nquantize_nf4 = Q()\n",
        "try:\n    import pandas\nexcept ImportError:\n    def quantize_nf4(x):\n        return 7\n",
        "if True:\n    def quantize_nf4(x):\n        return 7\n",
    ],
)
def test_a_name_may_be_bound_in_any_way(talk: Talk, text: str, mode: str) -> None:
    """What an import or an assignment binds is an attempt like a definition."""
    files = {"nf4_quantization.py": text, "my_helpers.py": QUANTIZE.format(7)}
    assert only(talk.load("nf4_quantization", files, mode=mode)) == ("attempt", "file")
    assert talk.see("module.quantize_nf4(0)") == 7


def test_a_stub_that_is_imported_is_a_stub(talk: Talk) -> None:
    """A name imported from a file that holds only the stub is not an attempt."""
    files = {"nf4_quantization.py": "from more import quantize_nf4\n", "more.py": STUBS["nf4_quantization"]}
    assert only(talk.load("nf4_quantization", files)) == ("stub", "file")


def test_a_file_is_a_real_module(talk: Talk) -> None:
    """Dataclasses, scripted functions, pickled objects and inspected sources work as in any module."""
    text = """from __future__ import annotations
import dataclasses, inspect, pickle, sys, torch

@dataclasses.dataclass
class Box:
    x: int
    y: "list[int]" = dataclasses.field(default_factory=list)

class Layer(torch.nn.Module):
    def forward(self, x):
        return x + 1

@torch.jit.script
def twice(x: torch.Tensor) -> torch.Tensor:
    return x + x

def quantize_nf4(x):
    assert pickle.loads(pickle.dumps(Box(3))) == Box(3)
    assert torch.equal(torch.jit.script(Layer())(torch.ones(1)), torch.full((1,), 2.0))
    assert twice(torch.ones(1)).item() == 2
    assert sys.modules[__name__].Box is Box and __name__ == "nf4_quantization"
    assert "__main__" != __name__ and __file__.endswith("nf4_quantization.py")
    return inspect.getsource(Box) + inspect.getsource(quantize_nf4)
"""
    talk.load("nf4_quantization", {"nf4_quantization.py": text})
    source = talk.see("module.quantize_nf4(0)")
    assert source.startswith("@dataclasses.dataclass\nclass Box:")
    assert "def quantize_nf4(x):\n    assert pickle" in source


def test_the_future_import_of_the_grader_is_not_inherited(workers: Fresh) -> None:
    """Annotations of a file are evaluated unless the file itself asks for the contrary."""
    text = (
        "def quantize_nf4(x: 1 + 1): pass\ndef dequantize_nf4(): return quantize_nf4.__annotations__['x']\n"
    )
    for mode in ("whole", "definitions"):
        talk = workers()
        talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
        assert talk.see("module.dequantize_nf4()") == 2


def test_other_files_exercises_and_the_lab_can_be_imported(talk: Talk) -> None:
    """Handed-in files import each other and the lab; a handed-in lab.py is ignored."""
    files = {
        "nf4_quantization.py": (
            "import lab\nfrom lab import LoRALayer\nfrom helper import two\nimport memory_calculation as m\n"
            "def quantize_nf4(x):\n"
            "    return [two, m.calculate_memory_requirements(1), LoRALayer.__module__]\n"
        ),
        "helper.py": "two = 2\n",
        "memory_calculation.py": "def calculate_memory_requirements(x):\n    return 5\n",
        "lab.py": "raise ValueError\n",
    }
    assert only(talk.load("nf4_quantization", files)) == ("attempt", "file")
    assert talk.see("module.quantize_nf4(0)") == [2, 5, "lab"]


PACKAGE: dict[str, str | bytes] = {
    "core/__init__.py": "from .levels import LEVELS\nfrom . import deep",
    "core/levels.py": "LEVELS = [0, 1]",
    "core/deep/__init__.py": "",
    "core/deep/steps.py": "from ..levels import LEVELS\ndef last():\n    return LEVELS[-1]",
    "bare/one.py": "def first():\n    return 0",
}


@pytest.mark.parametrize("mode", ["whole", "definitions"])
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("import core.deep.steps\ndef quantize_nf4(x):\n    return core.deep.steps.last() + len(core.LEVELS)", 3),
        ("from core.deep.steps import last\ndef quantize_nf4(x):\n    return last()", 1),
        ("from bare import one\ndef quantize_nf4(x):\n    return one.first()", 0),
        ("import sys\nsys.path.append('bare')\nimport one\ndef quantize_nf4(x):\n    return one.first()", 0),
        ("from core.deep.steps import last as quantize_nf4", 1),
    ],
    ids=["dotted", "from a package", "a folder without __init__", "sys.path", "the exercise itself"],
)  # fmt: skip
def test_folders_are_packages(workers: Fresh, mode: str, text: str, value: int) -> None:
    """What lies in folders is imported as Python does it, also relatively, and by its name where `sys.path` is changed."""
    talk = workers()
    files = {**PACKAGE, "nf4_quantization.py": text}
    assert only(talk.load("nf4_quantization", files, mode=mode))[0] == "attempt"
    arguments = "" if "as quantize" in text else "0"
    assert talk.see(f"module.quantize_nf4({arguments})") == value


@pytest.mark.parametrize("mode", ["whole", "definitions"])
def test_the_folder_of_the_assignment_may_be_named(workers: Fresh, mode: str) -> None:
    """`from lora_theory.lab import ...`, as editors write it where the folder above is open, is the same module."""
    text = (
        "import lora_theory.lab\nfrom lora_theory.lab import LoRALayer\nfrom lora_theory import helper as h\nfrom lora_theory.helper import K\n"
        "import lab, helper\n"
    )
    same = "[LoRALayer is lab.LoRALayer, h is helper, lora_theory.helper is helper, K, lab.__spec__.name, helper.__name__]"
    talk = workers()
    files = {"nf4_quantization.py": text + QUANTIZE.format(same), "helper.py": "K = 7\n"}
    assert only(talk.load("nf4_quantization", files, mode=mode)) == ("attempt", "file")
    assert talk.see("module.quantize_nf4(0)") == [True, True, True, 7, "lab", "helper"]


def test_nothing_else_is_found_in_the_folder(talk: Talk) -> None:
    """What the submission does not hold is not there under the folder's name either."""
    text = "try:\n    import lora_theory.graders\nexcept ImportError:\n    K = 3\n" + QUANTIZE.format("K")
    assert only(talk.load("nf4_quantization", {"nf4_quantization.py": text})) == ("attempt", "file")
    assert talk.see("module.quantize_nf4(0)") == 3


def test_a_module_in_a_folder_has_no_other_name(talk: Talk) -> None:
    """Without a word of `sys.path`, what lies in a folder is not found by its own name."""
    reply = talk.load(
        "nf4_quantization", {**PACKAGE, "nf4_quantization.py": "import one\nquantize_nf4 = one.first"}
    )
    assert reply["raised"]["type"] == "ModuleNotFoundError"


def test_the_given_code_and_stubs_may_be_bytes(talk: Talk) -> None:
    """Texts of the grader travel as text or as bytes."""
    stub_bytes = {name: text.encode() for name, text in STUBS.items()}
    files = {"nf4_quantization.py": "import lab\n" + STUBS["nf4_quantization"]}
    assert only(talk.load("nf4_quantization", files, given=LAB.encode(), stubs=stub_bytes)) == (
        "stub",
        "file",
    )


def test_no_file_hides_torch_numpy_or_the_standard_library(talk: Talk) -> None:
    """A handed-in random.py, torch.py or math.py is not what others import, and the student is told."""
    files = dict.fromkeys(
        ["random.py", "torch.py", "numpy.py", "json.py", "fractions.py"], "raise ValueError\n"
    )
    text = "import random, torch, numpy, json, fractions\n" + QUANTIZE.format("torch.ones(1).item()")
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text, **files})
    assert only(reply) == ("attempt", "file")
    assert any("random.py cannot be imported" in note for note in reply["notes"])
    assert talk.see("module.quantize_nf4(0)") == 1


@pytest.mark.parametrize(
    ("text", "kind", "words"),
    [
        (b"def f(:\n", "SyntaxError", "line 1"),
        (b"x = 1\n\nif x\n", "SyntaxError", "line 3"),
        (b"x = '\0'\n", "SyntaxError", "null byte"),
        (b"x = 1\ny = '\xff'\n", "SyntaxError", "line 2"),
        (b"# coding: klingon\n", "SyntaxError", "klingon"),
        (b"  x = 1\n", "IndentationError", "line 1"),
        (b"return 1\n", "SyntaxError", "outside function"),
    ],
)
def test_a_file_that_python_cannot_read_says_why(workers: Fresh, text: bytes, kind: str, words: str) -> None:
    """Text that is no Python is reported by the error that Python gives, with the line."""
    for mode in ("whole", "definitions"):
        reply = workers().load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
        if mode == "definitions" and words == "outside function":
            assert set(states(reply).values()) == {("missing", "")}
            continue
        assert reply["raised"]["type"] == kind
        assert words in reply["raised"]["message"]
        assert "submission" not in reply["raised"]["message"]


deep = [
    "[" * 100_000,
    "[" * 100_000 + "]" * 100_000,
    "-" * 100_000 + "1",
    "(" * 199 + "0",
    "x = " + "+".join(["1"] * 50_000),
    "if 1:\n pass\n" + "elif 1:\n pass\n" * 5_000,
    "x" + ".x" * 50_000,
    "x" + "()" * 50_000,
    "def quantize_nf4(x):\n    return " + "-" * 900 + "1",
]


@pytest.mark.parametrize("text", deep, ids=range(len(deep)))
def test_deeply_nested_text_is_answered(workers: Fresh, text: str) -> None:
    """No nesting ends the worker: each is loaded or reported."""
    for mode in ("whole", "definitions"):
        talk = workers()
        reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
        assert "raised" in reply or states(reply)
        assert talk.load("nf4_quantization", {"nf4_quantization.py": QUANTIZE.format(1)})["found"]


@pytest.mark.parametrize(
    "text",
    [b"", b"\n\n", b"# nothing\n", b'"""Words."""', b"\xef\xbb\xbf"],
)
def test_an_empty_file_lacks_its_names(workers: Fresh, text: bytes) -> None:
    """A file without code loads, and everything is missing."""
    for mode in ("whole", "definitions"):
        reply = workers().load("nf4_quantization", {"nf4_quantization.py": text}, mode=mode)
        assert set(states(reply).values()) == {("missing", "")}


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + QUANTIZE.format("'\u00e9'").encode(),
        b"# -*- coding: latin-1 -*-\n" + QUANTIZE.format("'\u00e9'").encode("latin-1"),
        QUANTIZE.format("'\u00e9'").replace("\n", "\r\n").encode(),
        QUANTIZE.format("'\u00e9'").replace("\n", "\r").encode(),
        b"x = 1\x0c\n" + QUANTIZE.format("'\u00e9'").encode(),
    ],
)
def test_marks_cookies_and_line_ends_are_understood(workers: Fresh, data: bytes) -> None:
    """Byte order marks, coding cookies and every kind of line end are read as Python reads them."""
    for mode in ("whole", "definitions"):
        talk = workers()
        assert only(talk.load("nf4_quantization", {"nf4_quantization.py": data}, mode=mode))[0] == "attempt"
        assert talk.see("module.quantize_nf4(0)") == "\u00e9"


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        ("1 / 0", "ZeroDivisionError"),
        ("raise SystemExit(3)", "SystemExit"),
        ("import sys; sys.exit()", "SystemExit"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("f = lambda: f()\nf()", "RecursionError"),
        ("class Own(BaseException): pass\nraise Own", "Own"),
        ("open('somewhere_else')", "FileNotFoundError"),
    ],
)
def test_a_file_that_raises_is_reported_whole_and_graded_by_its_definitions(
    workers: Fresh, last: str, kind: str
) -> None:
    """What a file does after its definitions is reported in one mode, and not done in the other."""
    files = {"nf4_quantization.py": QUANTIZE.format(1) + last + "\n"}
    reply = workers().load("nf4_quantization", files)
    assert reply["raised"]["type"] == kind
    assert reply["raised"]["step"] == "load"
    line, code = reply["raised"]["frames"][0]
    assert code == (QUANTIZE.format(1) + last).split("\n")[line - 1]
    assert only(workers().load("nf4_quantization", files, mode="definitions")) == ("attempt", "file")


def test_frames_are_the_students_lines_and_say_in_which_text(talk: Talk) -> None:
    """An exception is told by the student's own lines, the innermost last, each with its file."""
    files = {
        "nf4_quantization.py": "import helper\n\ndef quantize_nf4(x):\n    return helper.deep(x)\n",
        "helper.py": "\n\n\ndef deep(x):\n    return list(map(lambda key: x[key], [1]))\n",
    }
    talk.load("nf4_quantization", files)
    raised = talk.look("seen['before'] = 1; seen.at('call'); module.quantize_nf4({})")["raised"]
    assert raised["type"] == "KeyError"
    assert raised["message"] == "1"
    assert raised["step"] == "call"
    assert [line for line, _ in raised["frames"]] == [4, 5, 5]
    assert raised["places"] == ["nf4_quantization.py", "helper.py", "helper.py"]


def test_the_text_of_an_exercise_that_is_not_there(talk: Talk) -> None:
    """Without any text everything is missing; an exercise file that was not handed in raises ImportError."""
    assert set(states(talk.load("nf4_quantization")).values()) == {("missing", "")}


def test_a_submission_with_odd_file_names_is_loaded(talk: Talk) -> None:
    """Files whose names cannot be imported are left alone."""
    names = ["my file.py", "1.py", "a/b.py", ".py", "x.txt", "__init__.py", "worker.py", "\u00e9.py"]
    files = {**dict.fromkeys(names, "raise ValueError\n"), "nf4_quantization.py": QUANTIZE.format(1)}
    assert only(talk.load("nf4_quantization", files)) == ("attempt", "file")


def test_notes_say_which_imported_exercise_is_missing(talk: Talk) -> None:
    """Without the file that it imports, an exercise is loaded by its definitions and says what it lacks."""
    text = "from lora_with_bias import LoRALayerWithBias\n" + QUANTIZE.format("LoRALayerWithBias")
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode="definitions")
    assert only(reply) == ("attempt", "file")
    raised = talk.look("module.quantize_nf4(0)")["raised"]
    assert raised["type"] == "NameError"
    assert "line 1, which makes it, failed with ModuleNotFoundError" in raised["message"]
    assert raised["missing_package"] == ""


def test_two_exercises_that_import_each_other_are_loaded(talk: Talk) -> None:
    """Circular imports of whole modules work as in Python."""
    files = {
        "nf4_quantization.py": "import memory_calculation\n" + QUANTIZE.format("memory_calculation.g()"),
        "memory_calculation.py": "import nf4_quantization\ndef g():\n    return nf4_quantization.__name__\n",
    }
    talk.load("nf4_quantization", files)
    assert talk.see("module.quantize_nf4(0)") == "nf4_quantization"


def test_one_mode_after_the_other_needs_a_fresh_worker_only(workers: Fresh) -> None:
    """The same text gives the same answer in every fresh worker."""
    files = {"nf4_quantization.py": QUANTIZE.format("hash('a')")}
    answers = []
    for _ in range(2):
        talk = workers()
        talk.load("nf4_quantization", files)
        answers.append(talk.see("module.quantize_nf4(0)"))
    assert answers[0] == answers[1]


def test_dequantize_alone_may_be_written(talk: Talk) -> None:
    """Each name of an exercise has its own state."""
    text = STUBS["nf4_quantization"] + DEQUANTIZE.format(3)
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text})
    assert states(reply) == {"quantize_nf4": ("stub", "file"), "dequantize_nf4": ("attempt", "file")}
