"""Loading by definitions: what the exercise needs runs, demonstrations do not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import Talk
from .test_files import QUANTIZE, only, states

Fresh = Callable[[], Talk]


def load(talk: Talk, text: str, **more: str) -> object:
    files = {"nf4_quantization.py": text, **{f"{name}.py": content for name, content in more.items()}}
    reply = talk.load("nf4_quantization", files, mode="definitions")
    assert only(reply)[0] == "attempt", reply
    return talk.see("module.quantize_nf4(0)")


NEEDED = {
    "an assignment": ("LEVELS = [1, 2]\n", "LEVELS", [1, 2]),
    "through another": ("a = 1\nb = a + 1\n", "b", 2),
    "through a function": ("def f():\n    return c\nc = 3\n", "f()", 3),
    "through a later function": ("def g():\n    return f()\ndef f():\n    return c\nc = 3\n", "g()", 3),
    "through a class": ("c = 3\nclass C:\n    def m(self):\n        return c\n", "C().m()", 3),
    "through a lambda": ("c = 3\nf = lambda: c\n", "f()", 3),
    "through a comprehension": ("c = [1, 2]\n", "[i * 2 for i in c]", [2, 4]),
    "by a tuple": ("(a, b), *c = (1, 2), 3\n", "[a, b, c]", [1, 2, [3]]),
    "by a chain": ("a = b = 4\n", "a + b", 8),
    "with an annotation": ("a: int = 4\n", "a", 4),
    "augmented": ("a = 4\na += 1\n", "a", 5),
    "by a walrus": ("print(a := 4)\n", "a", 4),
    "by append": ("L = []\nL.append(1)\nL.extend([2, 3])\n", "L", [1, 2, 3]),
    "by a bare comprehension": ("L = []\n[L.append(i) for i in range(3)]\n", "L", [0, 1, 2]),
    "by item": ("T = {}\nT['x'] = 1\nT.setdefault('y', 2)\n", "T", {"x": 1, "y": 2}),
    "by deletion": ("T = {'x': 1, 'y': 2}\ndel T['x']\n", "T", {"y": 2}),
    "by a loop": ("L = []\nfor i in range(3):\n    L.append(i)\n", "L", [0, 1, 2]),
    "by a while loop": ("n = 0\nwhile n < 5:\n    n += 1\n", "n", 5),
    "in a with block": ("import torch\nwith torch.no_grad():\n    X = torch.ones(1).item()\n", "X", 1.0),
    "in an if": ("if 1 > 2:\n    d = 'a'\nelse:\n    d = 'b'\n", "d", "b"),
    "in a try": ("try:\n    d = undefined\nexcept NameError:\n    d = 'b'\n", "d", "b"),
    "by a function's global": ("def init():\n    global G\n    G = 6\ninit()\n", "G", 6),
    "by a function that fills a table": (
        "T = {}\ndef add(n, b):\n    T[n] = b\nadd('x', 1)\n",
        "T",
        {"x": 1},
    ),
    "by a function in a loop": (
        "L = []\ndef add(x):\n    L.append(x)\nfor i in range(3):\n    add(i)\n",
        "L",
        [0, 1, 2],
    ),
    "by a function that it is given to": ("L = [2, 1]\ndef sort(xs):\n    xs.sort()\nsort(L)\n", "L", [1, 2]),
    "on an object": ("class C: pass\nc = C()\nc.a = 1\n", "c.a", 1),
    "on a class": ("class C: pass\ndef m(self):\n    return 5\nC.m = m\n", "C().m()", 5),
    "by setattr": ("class C: pass\nsetattr(C, 'a', 5)\n", "C.a", 5),
    "by a tensor's method": (
        "import torch\nX = torch.zeros(2)\nX.data.view(-1).add_(1)\n",
        "X.tolist()",
        [1, 1],
    ),
    "by registration": (
        "R = {}\ndef register(n):\n    def add(f):\n        R[n] = f\n        return f\n    return add\n"
        "K = 9\n@register('a')\ndef hidden():\n    return K\n",
        "R['a']()",
        9,
    ),
    "by inheritance": (
        "K = 9\nclass Base:\n    all = []\n    def __init_subclass__(cls):\n        Base.all.append(cls)\n"
        "class One(Base):\n    def go(self):\n        return K\n",
        "Base.all[0]().go()",
        9,
    ),
    "an imported name": ("from math import pi as p\nimport os.path\n", "[int(p), os.path.sep]", [3, "/"]),
}


def test_a_call_that_changes_nothing_needed_is_not_run(talk: Talk) -> None:
    """What a function does to its own names, or to tables that nobody needs, is a demonstration."""
    before = (
        "T = {'x': 1}\nlog = []\ndef show(t):\n    lines = []\n    for k in t:\n        lines.append(k)\n"
        "    log.append(lines)\n    raise SystemExit\nshow(T)\n"
    )
    assert load(talk, before + QUANTIZE.format("T")) == {"x": 1}


@pytest.mark.parametrize("how", NEEDED)
def test_what_a_definition_refers_to_is_made(talk: Talk, how: str) -> None:
    """Statements that make a name which the exercise needs, however they do it, are run."""
    before, expression, value = NEEDED[how]
    assert load(talk, before + QUANTIZE.format(expression)) == value


def test_defaults_decorators_and_bases_are_needed(talk: Talk) -> None:
    """What a definition itself needs in order to be made is made before it."""
    text = (
        "N = 5\ndef deco(f):\n    return lambda x: f(x) + M\nM = 1\nBASE = object\n"
        "class C(BASE):\n    n = N\n"
        "@deco\ndef quantize_nf4(x, n=N, c=C):\n    return n + c.n\n"
    )
    assert load(talk, text) == 11


DEMONSTRATIONS = [
    "while True: pass",
    "raise SystemExit",
    "print(quantize_nf4(0)); x = [1]; x.append(boom())",
    "result = boom()",
    "for epoch in range(10**12):\n    loss = epoch",
    "assert quantize_nf4(0) == 7",
    "codes, scales = boom(1)",
    "import time\ntime.sleep(10**6)",
    "with open('/nowhere/x') as f:\n    f.read()",
    "if __name__ == '__main__':\n    import os\n    os._exit(1)",
    "if '__main__' == __name__:\n    def quantize_nf4(x): return 0",
    "class Demo:\n    pass\nDemo().run()",
    "model = boom()\nmodel.train()",
    "raise ValueError",
    "1 / 0",
    "del quantize_nf4",
    "return 5",
    "await boom()",
]


@pytest.mark.parametrize("text", DEMONSTRATIONS)
def test_demonstrations_are_not_run(talk: Talk, text: str) -> None:
    """Calls, loops, prints and assignments that nothing refers to are left out."""
    assert load(talk, text + "\n" + QUANTIZE.format(7) + text + "\n") == 7


def test_a_table_that_only_a_plot_needs_is_not_made(talk: Talk) -> None:
    """A training loop is not run for a name that only functions outside the exercise refer to."""
    text = "losses = []\nwhile True:\n    losses.append(1)\ndef plot():\n    return losses\n"
    assert load(talk, text + QUANTIZE.format(7)) == 7


def test_the_else_of_a_main_guard_is_kept(talk: Talk) -> None:
    """What stands in the other branch of a main guard belongs to the module."""
    assert load(talk, "if __name__ == '__main__':\n    K = 1\nelse:\n    K = 2\n" + QUANTIZE.format("K")) == 2


def test_a_failed_assignment_is_forgotten_until_it_is_needed(talk: Talk) -> None:
    """Its error is told where the name is used, by a NameError that names line and reason."""
    text = "TABLE = {}['gone']\n" + QUANTIZE.format("tensor and TABLE")
    assert load(talk, text) == 0
    raised = talk.look("module.quantize_nf4(1)")["raised"]
    assert raised["type"] == "NameError"
    assert "line 1, which makes it, failed with KeyError: 'gone'" in raised["message"]
    assert raised["frames"] == [[3, "    return tensor and TABLE"]]


def test_a_failed_definition_is_reported_when_nothing_else_was_found(talk: Talk) -> None:
    """Where the exercise's only definition fails, its own error comes back."""
    text = "@boom\ndef quantize_nf4(x):\n    return 1\n"
    raised = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode="definitions")["raised"]
    assert raised["type"] == "NameError"
    assert raised["frames"] == [[1, "@boom"]]


def test_a_failed_definition_beside_a_good_one_is_a_note(talk: Talk) -> None:
    """One function that cannot be made costs only itself."""
    text = QUANTIZE.format(1) + "@boom\ndef dequantize_nf4(x):\n    return 1\n"
    reply = talk.load("nf4_quantization", {"nf4_quantization.py": text}, mode="definitions")
    assert states(reply) == {"quantize_nf4": ("attempt", "file"), "dequantize_nf4": ("missing", "")}
    assert any("line 4 failed: NameError: name 'boom' is not defined" in note for note in reply["notes"])


@pytest.mark.parametrize(
    "line",
    [
        "from helper import T",
        "from helper import *",
        "import helper\nT = helper.T",
        "import helper as T\nT = T.T",
    ],
)
def test_names_that_other_files_use_are_needed(talk: Talk, line: str) -> None:
    """What one file takes from another is made there, also through a star or the module."""
    assert load(talk, f"{line}\n" + QUANTIZE.format("T"), helper="U = 4\nT = U\nwhile True: pass\n") == 4


def test_a_future_import_holds_for_the_statements_after_it(talk: Talk) -> None:
    """Statements are compiled one by one, and `from __future__` still reaches all that follow."""
    text = "from __future__ import annotations\ndef quantize_nf4(x: undefined):\n    return 5\n"
    assert load(talk, text) == 5
