"""What a submission can import, and what happens to the rest."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from graders.worker.packages import VISIBLE
from graders.worker.placeholders import Placeholder

from .conftest import Talk
from .test_files import QUANTIZE, only

Fresh = Callable[[], Talk]
HIDDEN = ["pytest", "hypothesis", "peft", "rich", "pandas_that_nobody_has", "IPython"]
FORBIDDEN = ["graders", "lora_reference", "reference_solutions"]


def test_torch_numpy_what_they_need_and_the_standard_library_are_visible() -> None:
    """Visible is the closure of requirements, and none of the installed rest."""
    assert {"torch", "numpy", "math", "sympy", "typing_extensions"} <= VISIBLE
    assert not set(HIDDEN + FORBIDDEN + ["worker", "transformers", "pip", "_pytest"]) & VISIBLE


@pytest.mark.parametrize("name", HIDDEN)
def test_a_hidden_package_is_not_found_and_named(workers: Fresh, name: str) -> None:
    """Whether installed or not: the usual error, whose package the judge reads."""
    files = {"nf4_quantization.py": f"import torch\nimport {name}.sub as s\n" + QUANTIZE.format("s.x")}
    raised = workers().load("nf4_quantization", files)["raised"]
    assert raised["type"] == "ModuleNotFoundError"
    assert raised["missing_package"] == name
    assert raised["forbidden_package"] == ""
    assert raised["frames"] == [[2, f"import {name}.sub as s"]]
    talk = workers()
    assert only(talk.load("nf4_quantization", files, placeholders=[name])) == ("attempt", "file")
    raised = talk.look("module.quantize_nf4(0).y")["raised"]
    assert raised is None
    raised = talk.look("module.quantize_nf4(0)(1)")["raised"]
    assert raised["type"] == "ImportError"
    assert raised["message"] == f"`{name}` is not available while graded"


def test_the_usual_ways_to_do_without_a_package_work(talk: Talk) -> None:
    """`try: import`, `find_spec` and `import_module` find out that a package is not there."""
    text = (
        "import importlib, importlib.util\nfound = []\n"
        "try:\n    import rich\nexcept ImportError as e:\n    found.append(e.name)\n"
        "found.append(importlib.util.find_spec('rich'))\n"
        "try:\n    importlib.import_module('rich.table')\n"
        "except ModuleNotFoundError as e:\n    found.append(e.name)\n"
    )
    talk.load("nf4_quantization", {"nf4_quantization.py": text + QUANTIZE.format("found")})
    assert talk.see("module.quantize_nf4(0)") == ["rich", None, "rich"]


def test_the_package_behind_another_error_is_named(talk: Talk) -> None:
    """An error that follows from a failed import names the package too, also through a helper."""
    files = {
        "nf4_quantization.py": "import helper\n",
        "helper.py": "try:\n    import rich\nexcept ImportError:\n    raise ImportError('install rich')\n",
    }
    raised = talk.load("nf4_quantization", files)["raised"]
    assert raised["message"] == "install rich"
    assert raised["missing_package"] == "rich"


def test_a_missing_name_or_submodule_of_a_visible_package_is_no_missing_package(workers: Fresh) -> None:
    """Only a package that is hidden can become a placeholder."""
    for line in ("import torch.nothing", "from lab import nothing", "from helper import nothing"):
        files = {"nf4_quantization.py": line, "helper.py": ""}
        raised = workers().load("nf4_quantization", files)["raised"]
        assert raised["missing_package"] == raised["forbidden_package"] == ""


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("line", ["import {}", "from {} import quantize_nf4", "from {}.sub import *"])
def test_the_graders_packages_never_become_placeholders(workers: Fresh, name: str, line: str) -> None:
    """Not even on demand: the import fails, and the reply says which package it was."""
    text = line.format(name) + "\n" + QUANTIZE.format(1)
    for placeholders in ([], [name]):
        files = {"nf4_quantization.py": text, f"{name}.py": "quantize_nf4 = 1"}
        raised = workers().load("nf4_quantization", files, placeholders=placeholders)["raised"]
        assert raised["forbidden_package"] == name
        assert raised["missing_package"] == ""
    talk = workers()
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode="definitions")
    assert only(reply) == ("attempt", "file")


def test_a_definition_that_was_to_come_from_the_graders_is_forbidden(workers: Fresh) -> None:
    """Where the forbidden import was to be the answer or is used in it, the reply says forbidden."""
    lines = [
        "from lora_reference import quantize_nf4",
        "from lora_reference import *",
        "from helper import *",
    ]
    for line in lines:
        files = {"nf4_quantization.py": line, "helper.py": lines[0]}
        raised = workers().load("nf4_quantization", files, mode="definitions")["raised"]
        assert raised["forbidden_package"] == "lora_reference"
    talk = workers()
    text = "import lora_reference\n" + QUANTIZE.format("lora_reference.quantize_nf4(tensor)")
    talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode="definitions")
    raised = talk.look("module.quantize_nf4(0)")["raised"]
    assert raised["forbidden_package"] == "lora_reference"


def test_by_definitions_a_failed_import_becomes_a_placeholder_by_itself(talk: Talk) -> None:
    """Also in a file that is imported, in an `if`, and for several packages in one statement."""
    text = (
        "import rich, hypothesis\nimport helper\nif True:\n    from IPython.display import display, HTML\n"
        "from peft import *\n" + QUANTIZE.format("helper.two")
    )
    files = {"nf4_quantization.py": text, "helper.py": "import seaborn\ntwo = 2\n"}
    reply = talk.load("nf4_quantization", files, mode="definitions")
    assert only(reply) == ("attempt", "file")
    assert reply["notes"] == []
    assert talk.see("module.quantize_nf4(0)") == 2


def test_a_helper_of_a_notebook_may_import_what_is_hidden(talk: Talk) -> None:
    """A whole file that a notebook imports is imported again with the placeholder."""
    cells = [{"cell_type": "code", "source": "import helper\n" + QUANTIZE.format("helper.two")}]
    files = {"helper.py": "import seaborn\ntwo = 2\n"}
    reply = talk.load("nf4_quantization", files, notebook=json.dumps({"cells": cells}).encode())
    assert only(reply) == ("attempt", "notebook")
    assert talk.see("module.quantize_nf4(0)") == 2


def test_the_graders_own_modules_cannot_be_imported(talk: Talk) -> None:
    """Neither the worker's modules nor the main program of its process is in reach of an import."""
    text = (
        "import sys\n"
        "def quantize_nf4(x):\n"
        "    tops = {n.split('.')[0] for n in sys.modules}\n"
        "    ours = sorted(tops & {'graders', 'worker', 'pytest', 'lora_reference'})\n"
        "    return [ours, sorted(n for n in vars(sys.modules['__main__']) if not n.startswith('__'))]\n"
    )
    talk.load("nf4_quantization", {"nf4_quantization.py": text})
    assert talk.see("module.quantize_nf4(0)") == [[], []]


def test_lazy_parts_of_torch_and_the_standard_library_are_found(talk: Talk) -> None:
    """What is visible can be imported late, and metadata can be read."""
    text = (
        "def quantize_nf4(x):\n"
        "    import torch.optim.swa_utils, xml.dom.minidom, sympy, importlib.metadata as m\n"
        "    return [m.version('numpy') != '', sympy.sqrt(4) == 2]\n"
    )
    talk.load("nf4_quantization", {"nf4_quantization.py": text})
    assert talk.see("module.quantize_nf4(0)") == [True, True]


def use(action: Callable[[object], object]) -> str:
    with pytest.raises(ImportError) as caught:
        action(Placeholder("pandas").core.frame.DataFrame)
    return str(caught.value)


USES: dict[str, Callable[..., object]] = {
    "calling": lambda x: x(),
    "iterating": lambda x: list(x),
    "adding": lambda x: x + 1,
    "adding to": lambda x: 1 + x,
    "comparing": lambda x: x < 1,
    "indexing and calling": lambda x: x["a"](),
    "entering": lambda x: x.__enter__(),
    "asking for truth": lambda x: bool(x),
    "measuring": lambda x: len(x),
    "setting": lambda x: setattr(x, "a", 1),
    "converting": lambda x: float(x),
    "making an object of a subclass": lambda x: type("C", x.__mro_entries__(()), {})(),
}


@pytest.mark.parametrize("how", USES)
def test_a_placeholder_fails_where_it_is_used(how: str) -> None:
    """Every use of what is not there says that it is not there."""
    assert use(USES[how]) == "`pandas` is not available while graded"


def test_a_placeholder_may_stand_in_annotations_bases_and_checks() -> None:
    """What costs nothing in Python costs nothing here."""
    frame = Placeholder("pandas").DataFrame

    class Mine(frame):  # type: ignore[misc,valid-type]
        pass

    def f(x: frame | None, y: list[frame], z: frame[1, 2]) -> int | frame:  # type: ignore
        return 1

    assert f(1, [], 2) == 1
    assert not isinstance(1, frame)
    assert not hasattr(frame, "__array__")
    assert "pandas.DataFrame" in repr(frame)
