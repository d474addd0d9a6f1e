"""The worker's loop: reads a request, loads or probes, replies; as long as the judge asks."""

from __future__ import annotations

import importlib
import pkgutil
import random
import sys
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from . import probes
from .raised import clean, message_of, own_error
from .submission import Submission
from .tried import Tried
from .wire import WireError, read_message, type_name, write_message

MAX_WARNINGS = 20

# Bound now: a submission that rebinds one of these by accident breaks only itself.
_seed_numpy, _seed_random = np.random.seed, random.seed
# `torch.manual_seed` notes who called it for every accelerator that may still wake: longer than many a case takes.
_seed_torch = (
    torch.manual_seed
    if torch.cuda.is_available() or torch.backends.mps.is_available()
    else torch.default_generator.manual_seed
)
_enable_grad, _default_dtype, _float32 = torch.set_grad_enabled, torch.set_default_dtype, torch.float32
_recursion_limit, _set_recursion_limit = sys.getrecursionlimit(), sys.setrecursionlimit
_record, _always = warnings.catch_warnings, warnings.simplefilter


class Seen(dict[str, Any]):
    """What a probe sees, filled as it goes on; `step` says what it is doing."""

    step = "start"

    def at(self, step: str) -> None:
        """From here on, an exception happened in this step."""
        self.step = step


def _load_probes() -> dict[str, types.ModuleType]:
    """The probes of every exercise, found by listing their folder, imported while it can be read."""
    names = [found.name for found in pkgutil.iter_modules(probes.__path__)]
    return {name: importlib.import_module(f"{probes.__name__}.{name}") for name in names}


PROBES = _load_probes()


class Worker:
    """One submission's exercise, loaded once and probed any number of times."""

    def __init__(self) -> None:
        self.submission: Submission | None = None
        self.tried = Tried()

    def answer(self, request: Any) -> dict[str, Any]:
        """The reply to one request, with what the submission was seen to try so far."""
        reply = self._answer(request)
        return {**reply, "tried": sorted(self.tried.words)}

    def _answer(self, request: Any) -> dict[str, Any]:
        """Nothing that a submission raises gets out of here."""
        _restore()
        try:
            if request["op"] == "load":
                self.tried.listen(request["forbidden"])
                watch = getattr(PROBES.get(request["exercise"]), "watch", None)
                self.submission = Submission(request, watch)
                return self.submission.load()
            return self.probe(request)
        except BaseException as error:
            return {"raised": own_error(type_name(type(error)), message_of(error)), "seen": {}}
        finally:
            _restore()

    def probe(self, request: dict[str, Any]) -> dict[str, Any]:
        """Let one probe look; what it saw before an exception counts too."""
        seen = Seen()
        if self.submission is None:
            raise LookupError("nothing is loaded yet")
        look = find_probe(self.submission.exercise, request["probe"])
        problem = None
        with _record(record=True) as caught:
            try:
                _always("always")
                _seed(request["seed"])
                look(self.submission.namespace(), request["arguments"], seen)
            except BaseException as error:
                _restore()
                problem = self.submission.raised(error, clean(str(seen.step), 80))
        told = [[clean(type_name(item.category), 80), _warning(item)] for item in caught or ()]
        return {"raised": problem, "seen": {**seen, "warnings": told[:MAX_WARNINGS]}}


def find_probe(exercise: str, name: str) -> Callable[[Any, dict[str, Any], Seen], None]:
    """A probe is a public function of its exercise's file."""
    module = PROBES.get(exercise)
    look = getattr(module, name, None)
    if module is None or not isinstance(look, types.FunctionType) or look.__module__ != module.__name__:
        raise LookupError(f"the grader has no probe {name!r} for {exercise!r}")
    return look


def _warning(item: warnings.WarningMessage) -> str:
    return clean(item.message, 300) if isinstance(item.message, str) else message_of(item.message)


def _seed(seed: int) -> None:
    _seed_torch(seed)
    _seed_numpy(seed % 2**32)
    _seed_random(seed)


def _restore() -> None:
    """Takes back settings that a submission may have left behind and that would disturb the probes."""
    _set_recursion_limit(_recursion_limit)
    _enable_grad(True)
    _default_dtype(_float32)


def serve(read_fd: int, write_fd: int) -> None:
    """Answer the judge's requests until it closes the pipe."""
    worker = Worker()
    while True:
        try:
            request = read_message(read_fd)
        except (EOFError, WireError):
            return
        reply = worker.answer(request)
        try:
            write_message(write_fd, reply)
        except (MemoryError, RuntimeError, WireError) as error:
            lost = own_error(type(error).__name__, "the answer could not be sent")
            write_message(write_fd, {"raised": lost, "seen": {}})
