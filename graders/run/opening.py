"""Opens the box that a run uses."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, cast

from graders.run.errors import CallError, GraderError
from graders.settings import Settings


class AnyBox(Protocol):
    """What is needed of `graders.judge.box.Box`."""

    @property
    def device(self) -> str: ...
    @property
    def protections(self) -> Mapping[str, Any]: ...
    def share(self) -> AnyBox: ...
    def close(self) -> None: ...


class WarmBox:
    """The box of a run. Should its warm process die, the next grading process gets a new one."""

    def __init__(self, open_new: Callable[[], AnyBox]) -> None:
        self._open_new = open_new
        self._box = open_new()

    @property
    def device(self) -> str:
        """Where cases run that are about a device."""
        return self._box.device

    @property
    def protections(self) -> Mapping[str, Any]:
        """Which walls were found to hold."""
        return self._box.protections

    def share(self) -> AnyBox:
        """A way into the box for a process that is forked next."""
        try:
            return self._box.share()
        except Exception:  # whatever it is: nothing can be asked of this one any more
            self._box.close()
            self._box = self._open_new()
            return self._box.share()

    def close(self) -> None:
        """End it, with every worker."""
        self._box.close()


@contextlib.contextmanager
def open_box(settings: Settings) -> Iterator[AnyBox]:
    """A run's box. Raises CallError where more is asked for than there is, GraderError where none opens."""
    import torch

    from graders.judge.box import Box, BoxError, Turnstile

    torch.set_num_threads(1)  # before anything is forked
    device = _device(settings.device)
    with tempfile.TemporaryDirectory(prefix="loralab-") as folder:

        def open_new() -> Box:
            try:
                turnstile = Turnstile(Path(folder) / "turn")
                return Box(cast(Any, settings.sandbox), cast(Any, device), turnstile).open()
            except BoxError as error:
                reason = " ".join(str(error).split())
                if settings.sandbox == "strict":
                    raise CallError(f"{reason} (--sandbox auto uses what protections there are)") from error
                if device == "cuda":
                    reason += " (--device auto goes on without it)"
                raise GraderError(f"the box could not be opened: {reason}") from error

        box = WarmBox(open_new)
        try:
            yield box
        finally:
            box.close()


@contextlib.contextmanager
def box_failures() -> Iterator[None]:
    """Tells it as GraderError where the box fails in the middle of grading."""
    from graders.judge.box import BoxError

    try:
        yield
    except BoxError as error:
        raise GraderError(f"the box failed ({error}); try again") from error


def _device(wanted: str) -> str:
    """The device that may be used, "auto" where there seems to be a GPU."""
    if wanted == "cpu":
        return "cpu"
    import torch

    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise CallError("--device cuda: torch finds no CUDA device here; use --device auto")
    return wanted if found else "cpu"
