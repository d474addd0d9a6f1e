"""`check("nf4_quantization")` in a notebook: the same facts about the definitions that are there now."""

from __future__ import annotations

import contextlib
import io
import linecache
import random
import sys
import types
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .cases import exercises
from .sheets import Sheet, sheet_of
from .telling import text_of

GIVEN = ("SimpleTransformerBlock", "generate_synthetic_data")


def check(exercise: str, names: Mapping[str, Any] | None = None) -> None:
    """Check what the notebook defines, and print what came of it. `names` are the definitions, `__main__`'s by default."""
    known = exercises()
    if exercise not in known:
        print(f"There is no exercise {exercise!r}. There are {', '.join(known)}.")
        return
    space = vars(sys.modules["__main__"]) if names is None else names
    print(text_of([checked(known[exercise], space)]), end="")


def checked(exercise: Mapping[str, Any], space: Mapping[str, Any]) -> Sheet:
    """What comes of the definitions in `space`."""
    missing = [name for name in exercise["defines"] if name not in space]
    if len(missing) == len(exercise["defines"]):
        names = " and ".join(f"`{name}`" for name in missing)
        return Sheet(
            exercise["exercise"],
            exercise["title"],
            f"Not there yet: {names}. Run the cell that defines it first.",
        )
    states = {name: "missing" if name in missing else "attempt" for name in exercise["defines"]}
    with _as_it_was(), _module(exercise, space) as module:
        from .running import run_case

        results = []
        for number, case in enumerate(exercise["cases"]):
            if all(states.get(name) == "attempt" for name in case["needs"]):
                result = run_case(exercise, number, module, _explain)
                results.append(result)
                if stub := (result["ended"] or {}).get("unwritten"):
                    states[stub] = "stub"
    if not any(state == "attempt" for state in states.values()):
        names = " and ".join(f"`{name}`" for name in states)
        message = f"Not written yet: {names}. Whenever you start, this check will help."
        return Sheet(exercise["exercise"], exercise["title"], message)
    return sheet_of(exercise, results, states)


@contextlib.contextmanager
def _as_it_was() -> Iterator[None]:
    """Random numbers, gradients and output are the notebook's own again afterwards."""
    import numpy
    import torch

    kept = torch.get_rng_state(), numpy.random.get_state(), random.getstate()
    try:
        with contextlib.redirect_stdout(io.StringIO()), torch.enable_grad():
            yield
    finally:
        torch.set_rng_state(kept[0])
        numpy.random.set_state(kept[1])
        random.setstate(kept[2])


@contextlib.contextmanager
def _module(exercise: Mapping[str, Any], space: Mapping[str, Any]) -> Iterator[types.SimpleNamespace]:
    """What the probes look at: the definitions, the given code, and a watch on it while they look."""
    from graders.worker.serve import PROBES

    module = types.SimpleNamespace(**{name: space[name] for name in exercise["defines"] if name in space})
    module.given = module.watched = None
    watch = getattr(PROBES[exercise["exercise"]], "watch", None)
    if watch is None:
        yield module
        return
    owner = _given(module, exercise, space)
    module.given = owner
    block, make_data = (vars(owner).get(name) for name in GIVEN)
    methods = {name: vars(block)[name] for name in ("forward", "attention") if name in vars(block)}
    try:
        module.watched = watch(owner)
        yield module
    finally:
        for name, method in methods.items():
            setattr(block, name, method)
        owner.generate_synthetic_data = make_data


def _given(module: Any, exercise: Mapping[str, Any], space: Mapping[str, Any]) -> Any:
    """The module whose block and data the student's comparison uses: where it was written, or `lab`."""
    function = getattr(module, exercise["defines"][-1], None)
    homes = [sys.modules.get(getattr(function, "__module__", "") or ""), sys.modules.get("lab")]
    for home in homes:
        if home is not None and all(name in vars(home) for name in GIVEN):
            return home
    import importlib

    return importlib.import_module("lab")


def _explain(error: BaseException, step: str) -> Mapping[str, Any]:
    from graders.worker.raised import raised

    return raised(error, step, _place, lambda package: "")


_OTHERS = (str(Path(contextlib.__file__).parent), str(Path(__file__).parent))


def _place(file: str, line: int) -> tuple[str, int, str] | None:
    """The student's line, where the code is neither Python's nor a package's nor ours."""
    text = linecache.getline(file, line)
    installed = {"site-packages", "dist-packages"} & set(Path(file).parts)
    return (file, line, text) if text and not installed and not file.startswith(_OTHERS) else None
