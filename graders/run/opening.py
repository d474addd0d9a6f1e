"""Opens the box that a run uses."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol, Self, cast

from graders.run.errors import CallError, GraderError
from graders.settings import Settings


class AnyBox(Protocol):
    """What is needed of `graders.judge.box.Box`."""

    device: Any

    @property
    def protections(self) -> Mapping[str, Any]: ...
    def share(self) -> Self: ...
    def close(self) -> None: ...


@contextlib.contextmanager
def open_box(settings: Settings) -> Iterator[AnyBox]:
    """A warm box. Raises CallError where more is asked for than there is, GraderError where none opens."""
    import torch

    from graders.judge.box import Box, BoxError, Turnstile

    torch.set_num_threads(1)  # before anything is forked
    device = _device(settings.device)
    with tempfile.TemporaryDirectory(prefix="loralab-") as folder:
        box = Box(cast(Any, settings.sandbox), cast(Any, device), Turnstile(Path(folder) / "turn"))
        try:
            box.open()
        except BoxError as error:
            reason = " ".join(str(error).split())
            if settings.sandbox == "strict":
                raise CallError(f"{reason} (--sandbox auto uses the protections that there are)") from error
            raise GraderError(f"the box could not be opened: {reason}") from error
        try:
            yield box
        finally:
            box.close()


def _device(wanted: str) -> str:
    """The device that drawn cases may use, found without starting CUDA: after that no fork is safe."""
    if wanted == "cpu":
        return "cpu"
    import torch

    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    found = torch.cuda.is_available()
    if wanted == "cuda" and not found:
        raise CallError("--device cuda: torch finds no CUDA device here; use --device auto")
    return "cuda" if found else "cpu"
