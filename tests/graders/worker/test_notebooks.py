"""Notebooks: always by their definitions, cell by cell, and beside files name by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from graders.worker.notebook import NotebookError, code_cells

from .conftest import STUBS, Talk
from .test_files import DEQUANTIZE, QUANTIZE, only, states

Fresh = Callable[[], Talk]


def book(*cells: Any) -> bytes:
    code = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    text = {"cell_type": "markdown", "source": ["# def quantize_nf4"]}
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [text, *code]}).encode()


def load(talk: Talk, *cells: Any, files: dict[str, str] | None = None) -> object:
    reply = talk.load("nf4_quantization", files, notebook=book(*cells))
    assert only(reply)[0] == "attempt", reply
    return talk.see("module.quantize_nf4(0)")


def test_a_notebook_is_read_cell_by_cell(talk: Talk) -> None:
    """Definitions, imports and needed tables of all cells make one module; a source may be text or lines."""
    assert (
        load(talk, "import math\nK = 2", ["L = math.sqrt(4)\n", "print(boom)"], QUANTIZE.format("K + L")) == 4
    )


def test_notebooks_of_format_3_are_read(talk: Talk) -> None:
    """Cells lie in worksheets there, and their text is called input."""
    cells = [{"cell_type": "code", "input": [QUANTIZE.format(3)], "language": "python"}]
    data = json.dumps({"nbformat": 3, "worksheets": [{"cells": cells}]}).encode()
    assert only(talk.load("nf4_quantization", notebook=data)) == ("attempt", "notebook")
    assert talk.see("module.quantize_nf4(0)") == 3


MAGIC = [
    "%matplotlib inline",
    "!pip install torch 'unclosed",
    "!echo it's",
    "!pip install -q \\\n    torch numpy \\\n  pandas",
    "%cd (",
    "?print",
    "print?",
    "torch.nn??",
    "files = !ls *.py",
    "x = %env HOME",
    "%load_ext autoreload\n%autoreload 2",
    "def helper(x):\n    %timeit x\n    !ls\n    return x",
    "if True:\n    %time x = 1",
]


@pytest.mark.parametrize("magic", MAGIC)
def test_lines_of_ipython_go_and_the_rest_of_the_cell_stays(talk: Talk, magic: str) -> None:
    """Magics, shell lines and questions cost nothing, wherever they stand in a cell."""
    assert load(talk, magic + "\n" + QUANTIZE.format(3) + magic) == 3


@pytest.mark.parametrize(
    "cell",
    [
        "\n    def quantize_nf4(x):\n\n        return 1",
        ">>> def quantize_nf4(x):\n...     return 1\n...\n>>> 2\n",
        "In [3]: def quantize_nf4(x):\n   ...:     return 1\n   ...:\n",
    ],
    ids=["indented as a whole", "with Python's prompts", "with IPython's prompts"],
)
def test_a_cell_that_was_pasted_is_read_as_in_ipython(talk: Talk, cell: str) -> None:
    """IPython takes off the indentation of a whole cell, and prompts."""
    load(talk, cell)
    assert talk.see("module.quantize_nf4(0)") == 1


def test_a_line_in_a_string_or_in_brackets_is_no_magic(talk: Talk) -> None:
    """What Python understands is never taken for IPython."""
    text = "K = '''\n%time\n!ls\nwhat?\n'''\nN = (7\n% 4)\n"
    assert load(talk, text + QUANTIZE.format("[K, N]")) == ["\n%time\n!ls\nwhat?\n", 3]
    assert code_cells(book("%matplotlib inline\n" + text))[0].text == "pass\n" + text


@pytest.mark.parametrize(
    "magic", ["%%time", "%%timeit -n 1", "%%capture out", "\n%%time", "# words\n%%capture"]
)
def test_the_body_of_a_timed_cell_stays(talk: Talk, magic: str) -> None:
    """Cells that only measure or hide output are Python."""
    assert load(talk, magic + "\n" + QUANTIZE.format(3)) == 3


def test_a_timed_statement_stays(talk: Talk) -> None:
    """What `%time` measures is a statement of the notebook."""
    assert load(talk, "%time K = 3\n" + QUANTIZE.format("K")) == 3


@pytest.mark.parametrize(
    "magic", ["%%bash", "%%html", "%%writefile quantize.py", "%%javascript", "%%sh", "%%python2"]
)
def test_a_cell_of_another_language_goes_whole(talk: Talk, magic: str) -> None:
    """A cell that is not this notebook's Python defines nothing."""
    assert load(talk, QUANTIZE.format(3), magic + "\n" + QUANTIZE.format(4)) == 3


@pytest.mark.parametrize(
    "cell",
    ["def f(:", "x = = 1", "x = 1\n  y = 1", "print 'x'", "[" * 100_000, "a\0b", "x = '\ud800'", "'''"],
)
def test_a_cell_that_cannot_be_parsed_costs_only_itself(talk: Talk, cell: str) -> None:
    """The other cells are loaded, and a note tells which one was left out."""
    reply = talk.load("nf4_quantization", notebook=book(cell, QUANTIZE.format(3)))
    assert only(reply) == ("attempt", "notebook")
    assert any("Code cell 1 was left out" in note for note in reply["notes"])


def test_a_broken_cell_that_held_the_exercise_is_reported(talk: Talk) -> None:
    """Where the exercise's only definition stands in a cell that cannot be parsed, that is what happened."""
    raised = talk.load("nf4_quantization", notebook=book("x = 1", "def quantize_nf4(x):\n    return (1"))[
        "raised"
    ]
    assert raised["type"] == "SyntaxError"
    assert "code cell 2" in raised["message"]
    assert "line 2 of the cell" in raised["message"]


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\xfe", b"{", b"[]", b"1", b"{}", b"[" * 100_000, b'{"cells": 1}', b'{"cells": [1, null]}',
     b'{"cells": [{"cell_type": "code"}, {"cell_type": "code", "source": [1, 2]}]}', b'{"worksheets": [3]}'],
)  # fmt: skip
def test_what_is_no_notebook_is_answered(workers: Fresh, data: bytes) -> None:
    """Bytes that are no notebook are reported; a notebook without code lacks everything."""
    reply = workers().load("nf4_quantization", notebook=data)
    if "found" in reply:
        assert set(states(reply).values()) == {("missing", "")}
        assert [cell.text for cell in code_cells(data)] in ([], ["", ""])
    else:
        assert reply["raised"]["type"] == "NotebookError"
        with pytest.raises(NotebookError):
            code_cells(data)
    files = {"nf4_quantization.py": QUANTIZE.format(1)}
    assert only(workers().load("nf4_quantization", files, notebook=data)) == ("attempt", "file")


def test_a_byte_order_mark_before_a_notebook_is_understood(talk: Talk) -> None:
    """Some editors write one."""
    data = b"\xef\xbb\xbf" + book(QUANTIZE.format(1))
    assert only(talk.load("nf4_quantization", notebook=data)) == ("attempt", "notebook")


def test_frames_are_told_by_cell_and_line(talk: Talk) -> None:
    """An exception in a notebook is told by the code cell's number and the line in it."""
    talk.load(
        "nf4_quantization",
        notebook=book("import math\n\n", "%time\n\ndef quantize_nf4(x):\n    return 1 / x"),
    )
    raised = talk.look("module.quantize_nf4(0)")["raised"]
    assert raised["frames"] == [[4, "    return 1 / x"]]
    assert raised["places"] == ["code cell 2"]


def test_a_notebook_is_a_real_module(talk: Talk) -> None:
    """Dataclasses, pickled objects, scripted functions and sources work as in `__main__`."""
    text = """import dataclasses, inspect, pickle, torch
@dataclasses.dataclass
class Box:
    x: int
def double(x):
    return x + x
def quantize_nf4(x):
    assert pickle.loads(pickle.dumps(Box(3))) == Box(3)
    assert torch.jit.script(double)(torch.ones(1)).item() == 2
    assert __name__ == "__main__"
    display(x)
    return inspect.getsource(Box) + inspect.getsource(double)
"""
    source = load(talk, "# first\n", text)
    assert source == "@dataclasses.dataclass\nclass Box:\n    x: int\ndef double(x):\n    return x + x\n"


def test_a_later_cell_redefines_an_earlier_one_but_a_stub_does_not(talk: Talk) -> None:
    """The last definition counts, unless it is an untouched stub."""
    assert load(talk, QUANTIZE.format(1), QUANTIZE.format(2), STUBS["nf4_quantization"]) == 2


def test_a_method_that_a_later_cell_adds_is_there(talk: Talk) -> None:
    """Assigning to a class that the exercise uses belongs to its definition."""
    assert (
        load(
            talk, "class C:\n    pass", "def go(self):\n    return 4\nC.go = go", QUANTIZE.format("C().go()")
        )
        == 4
    )


def test_the_block_and_the_data_are_the_labs_whatever_the_cells_define(talk: Talk) -> None:
    """The given block and data cannot be redefined in a notebook; the other given names can."""
    cells = [
        "class SimpleTransformerBlock:\n    pass\ndef generate_synthetic_data(): return 1",
        "class LoRALayer:\n    pass",
        "from lab import SimpleTransformerBlock\nSimpleTransformerBlock = 3",
        QUANTIZE.format(
            "[x.__module__ for x in "
            "(SimpleTransformerBlock, generate_synthetic_data, LoRALayer, add_lora_to_model)]"
        ),
    ]
    assert load(talk, *cells) == ["lab", "lab", "__main__", "lab"]


def test_a_file_wins_over_the_notebook_by_name(talk: Talk) -> None:
    """Each name comes from the file where the file attempts it, else from the notebook."""
    files = {"nf4_quantization.py": STUBS["nf4_quantization"] + QUANTIZE.format("'file'")}
    cells = book(QUANTIZE.format("'book'"), DEQUANTIZE.format("'book'"))
    reply = talk.load("nf4_quantization", files, notebook=cells)
    assert states(reply) == {"quantize_nf4": ("attempt", "file"), "dequantize_nf4": ("attempt", "notebook")}
    assert talk.see("[module.quantize_nf4(0), module.dequantize_nf4(0, 0)]") == ["file", "book"]


def test_an_untouched_file_does_not_hide_the_notebook(talk: Talk) -> None:
    """Stubs handed in beside a solved notebook do not count."""
    files = {f"{name}.py": text for name, text in STUBS.items()}
    assert load(talk, QUANTIZE.format(5), files=files) == 5


def test_a_broken_file_does_not_hide_the_notebook(workers: Fresh) -> None:
    """Where the file cannot be loaded, the notebook's attempt counts, with a note about the file."""
    files = {"nf4_quantization.py": "def f(:"}
    cells = book(QUANTIZE.format(5))
    assert workers().load("nf4_quantization", files, notebook=cells)["raised"]["type"] == "SyntaxError"
    reply = workers().load("nf4_quantization", files, notebook=cells, mode="definitions")
    assert only(reply) == ("attempt", "notebook")
    assert any("nf4_quantization.py could not be loaded" in note for note in reply["notes"])


def test_a_broken_file_beside_an_untouched_notebook_is_reported(talk: Talk) -> None:
    """A stub in the notebook does not hide that the file could not be read."""
    files = {"nf4_quantization.py": "def f(:"}
    reply = talk.load("nf4_quantization", files, notebook=book(STUBS["nf4_quantization"]), mode="definitions")
    assert reply["raised"]["type"] == "SyntaxError"


INJECT = "def add_lora_to_model_selective(model):\n    return 'injected in {}'\n"
COMPARE = "def compare_target_modules(x):\n    return add_lora_to_model_selective(x)\n"


@pytest.mark.parametrize("mode", ["whole", "definitions"])
@pytest.mark.parametrize("stub", [True, False])
def test_file_and_notebook_complete_each_other(workers: Fresh, mode: str, stub: bool) -> None:
    """The comparison in one text finds the injection of the other, whether its own is a stub or not there."""
    before = STUBS["selective_injection"] if stub else ""
    pairs = [(INJECT.format("file"), COMPARE, "file"), (COMPARE, INJECT.format("book"), "book")]
    for in_file, in_book, where in pairs:
        talk = workers()
        files = {"selective_injection.py": before + in_file}
        reply = talk.load("selective_injection", files, notebook=book(before + in_book), mode=mode)
        assert {state for state, _ in states(reply).values()} == {"attempt"}
        assert talk.see("module.compare_target_modules(0)") == f"injected in {where}"


def test_files_import_what_only_the_notebook_holds(talk: Talk) -> None:
    """An exercise of the notebook can be imported under its file's name, also past a stub of that name."""
    layer = "TAG = 'book'\nclass LoRALayerWithBias:\n    tag = TAG\n"
    text = "from lora_with_bias import LoRALayerWithBias\n" + INJECT.replace(
        "'injected in {}'", "LoRALayerWithBias.tag"
    )
    talk.load("selective_injection", {"selective_injection.py": text}, notebook=book(layer))
    assert talk.see("module.add_lora_to_model_selective(0)") == "book"


@pytest.mark.parametrize("mode", ["whole", "definitions"])
def test_a_stub_file_that_is_imported_gives_the_notebooks_attempt(talk: Talk, mode: str) -> None:
    """What one file imports from an untouched one is what the notebook attempts."""
    layer = "TAG = 'book'\nclass LoRALayerWithBias:\n    tag = TAG\n"
    text = "from lora_with_bias import LoRALayerWithBias\n" + INJECT.replace(
        "'injected in {}'", "LoRALayerWithBias.tag"
    )
    files = {"selective_injection.py": text, "lora_with_bias.py": STUBS["lora_with_bias"]}
    talk.load("selective_injection", files, notebook=book(layer), mode=mode)
    assert talk.see("module.add_lora_to_model_selective(0)") == "book"


def test_a_notebook_imports_files_and_uses_their_attempts(talk: Talk) -> None:
    """Cells may import a file by name, and what they leave as a stub is the file's."""
    files = {
        "lora_with_bias.py": "class LoRALayerWithBias:\n    tag = 'file'\n",
        "memory_calculation.py": "def calculate_memory_requirements(x):\n    return 5\n",
    }
    cells = [
        STUBS["lora_with_bias"],
        "from memory_calculation import calculate_memory_requirements as c",
        QUANTIZE.format("[LoRALayerWithBias.tag, c(0)]"),
    ]
    assert load(talk, *cells, files=files) == ["file", 5]


def test_a_notebook_that_imports_from_its_stub_files_is_untouched(talk: Talk) -> None:
    """Importing a stub is no attempt."""
    files = {"nf4_quantization.py": STUBS["nf4_quantization"]}
    reply = talk.load(
        "nf4_quantization", files, notebook=book("from nf4_quantization import *\nquantize_nf4(1)")
    )
    assert states(reply) == {"quantize_nf4": ("stub", "file"), "dequantize_nf4": ("stub", "file")}


def test_a_notebook_that_imports_an_exercise_it_defines_itself_is_loaded(talk: Talk) -> None:
    """An import of the notebook's own exercise under its file's name does no harm."""
    assert load(talk, "from nf4_quantization import quantize_nf4", QUANTIZE.format(6)) == 6


def test_a_notebook_that_hangs_where_nothing_needs_it_is_loaded(talk: Talk) -> None:
    """Training cells do not run, and notes do not complain about them."""
    cells = [
        "while True:\n    pass",
        "import pandas as pd\ndf = pd.DataFrame()\ndf.plot()",
        QUANTIZE.format(1),
    ]
    reply = talk.load("nf4_quantization", notebook=book(*cells))
    assert only(reply) == ("attempt", "notebook")
    assert reply["notes"] == []
