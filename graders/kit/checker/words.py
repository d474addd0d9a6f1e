"""Values in words: short, the same ones for every system."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

MOST = 16  # entries of a tensor that are written out
AROUND = 8  # of a larger one, from the first that differs


def number(value: float) -> str:
    """A number with six digits."""
    return f"{value:.6g}"


def kind_of(value: Any) -> str:
    """What a value is."""
    if isinstance(value, Tensor):
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return f"the text {value[:60]!r}"
    if isinstance(value, (list, dict)):
        return f"a {type(value).__name__} of {len(value)}"
    return str(getattr(value, "description", "a value of another kind"))


def shown(value: Any, most: int = MOST) -> str:
    """A value in a line; a tensor of at most `most` entries is written out."""
    if isinstance(value, Tensor):
        return f"{_entries(value)} ({kind_of(value)[2:]})" if 0 < value.numel() <= most else kind_of(value)
    if isinstance(value, list) and any(isinstance(item, Tensor) for item in value):
        return ", ".join(map(shown, value))
    if isinstance(value, (list, dict)):
        text = repr(value)
        return text if len(text) <= 200 else f"{text[:197]}..."
    return kind_of(value)


def listed(got: Tensor, want: Tensor, at: tuple[int, ...]) -> tuple[str, str]:
    """Both sides of a comparison: all entries where they are few, else some from the first that differs."""
    if want.numel() <= MOST:
        return _entries(got), _entries(want)
    first = 0
    for index, size in zip(at, want.shape, strict=True):
        first = first * size + index
    mine, other = (side.reshape(-1)[first : first + AROUND] for side in (got, want))
    dots = " ..." if first + AROUND < want.numel() else ""
    where = f"from entry {first} on: " if first else ""
    return f"{where}{_entries(mine)}{dots}", f"{where}{_entries(other)}{dots}"


def _entries(value: Tensor) -> str:
    def text(items: Any) -> str:
        if isinstance(items, list):
            return f"[{', '.join(map(text, items))}]"
        return f"{items:.4g}" if isinstance(items, float) else str(items)

    return text(value.to(torch.float64).tolist() if value.is_floating_point() else value.tolist())
