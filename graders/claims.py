"""One function per claim about values, with messages that say what, got, should be, and where."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders.exercise import Violation

KINDS = ("ones", "ints", "normal", "wide")  # contents of tensors, simplest first
KIND_WORDS = {
    "ones": "all 1",
    "ints": "small integers",
    "normal": "normally distributed",
    "wide": "of very different sizes",
}
UNIT = {torch.float64: 2.0**-53, torch.float32: 2.0**-24, torch.float16: 2.0**-11, torch.bfloat16: 2.0**-8}


def contents(kind: str, shape: Sequence[int], seed: int, stream: int, spread: int = 20) -> Tensor:
    """Tensor of `shape`, float64, whose values float32 holds exactly.

    `kind` is `ones`, `ints` (-3 to 3 without 0), `normal`, or `wide` (signs and magnitudes from 2^-spread to
    2^spread). `seed` is the case's, `stream` tells apart the tensors of one case.
    """
    return _contents(kind, tuple(shape), seed, stream, spread).clone()


@functools.lru_cache(maxsize=8192)  # a class has the same cases
def _contents(kind: str, shape: tuple[int, ...], seed: int, stream: int, spread: int) -> Tensor:
    rng = np.random.Generator(np.random.Philox(key=[seed, stream]))
    if kind == "ones":
        values = np.ones(shape)
    elif kind == "ints":
        values = rng.integers(1, 4, shape) * rng.choice([-1.0, 1.0], shape)
    elif kind == "normal":
        values = rng.standard_normal(shape)
    elif kind == "wide":
        exponent = rng.uniform(-spread, spread, shape)
        values = rng.choice([-1.0, 1.0], shape) * np.exp2(exponent)
    else:
        raise ValueError(f"unknown kind of contents: {kind}")
    return torch.from_numpy(np.asarray(values, dtype=np.float64).astype(np.float32).astype(np.float64))


def kind_of(value: Any) -> str:
    """What a value from the worker is, in words."""
    if isinstance(value, Tensor):
        return f"a {str(value.dtype).removeprefix('torch.')} tensor of shape {tuple(value.shape)}"
    if value is None:
        return "None"
    if isinstance(value, (bool, int, float)):
        return repr(value)
    if isinstance(value, str):
        return f"the text {value[:60]!r}"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    if isinstance(value, dict):
        return f"a dict of {len(value)}"
    return str(getattr(value, "description", "a value that the judge does not take"))


def tensor(
    name: str, got: Any, *, shape: Sequence[int] | None = None, dtype: torch.dtype | None = None
) -> Violation | None:
    """`got` is a tensor, of this shape and dtype where they are given."""
    if not isinstance(got, Tensor):
        return Violation(f"{name} is {kind_of(got)}, should be a tensor.", "a tensor", kind_of(got))
    if shape is not None and tuple(got.shape) != tuple(shape):
        wanted = tuple(int(size) for size in shape)
        return Violation(
            f"{name} has shape {tuple(got.shape)}, should be {wanted}.",
            f"shape {wanted}",
            f"shape {tuple(got.shape)}",
        )
    if dtype is not None and got.dtype != dtype:
        have, want = (str(item).removeprefix("torch.") for item in (got.dtype, dtype))
        return Violation(f"{name} is {have}, should be {want}.", want, have)
    return None


def close(name: str, got: Any, want: Tensor, bound: Tensor | float, note: str = "") -> Violation | None:
    """`got` is a tensor of `want`'s shape, finite, within `bound` of it everywhere (`<=`, elementwise, float64)."""
    wrong = tensor(name, got, shape=want.shape)
    if wrong:
        return wrong
    if not got.dtype.is_floating_point:
        return tensor(name, got, dtype=torch.float32)
    value = got.to(torch.float64)
    ok = torch.isfinite(value) & ((value - want).abs() <= bound)
    if bool(ok.all()):
        return None
    at = tuple(int(i) for i in torch.nonzero(~ok)[0]) if got.dim() else ()
    place = f"{name}{' at ' if ' ' in name else ''}[{', '.join(map(str, at))}]" if at else name
    where = f" ({note})" if note else ""
    return Violation(
        f"{place} is {float(value[at]):.6g}, should be {float(want[at]):.6g}{where}.", want.to(got.dtype), got
    )


def equal(name: str, got: Any, want: Any, note: str = "") -> Violation | None:
    """`got` equals `want`: a number, text, list or dict of them (compared by type and value)."""
    if type(got) is type(want) and got == want:
        return None
    where = f" ({note})" if note else ""
    return Violation(f"{name} is {show(got)}, should be {show(want)}{where}.", want, got)


def show(value: Any) -> str:
    """A value in a sentence: short."""
    if isinstance(value, (list, dict)):
        text = repr(value)
        return text if len(text) <= 120 else text[:117] + "..."
    return kind_of(value)


def as_data(value: Any, most: int = 64) -> Any:
    """A value as JSON-able data for the report; tensors with at most `most` values are written out."""
    if isinstance(value, Tensor):
        data: dict[str, Any] = {
            "dtype": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
            "values": [],  # also of many rows without a value
        }
        if value.numel():
            data["values"] = _finite(value.tolist()) if value.numel() <= most else None
        return data
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return _finite(value)
    if isinstance(value, (list, tuple)):
        return [as_data(item, most) for item in value[:100]]
    if isinstance(value, dict):
        return {str(key)[:100]: as_data(item, most) for key, item in list(value.items())[:100]}
    return kind_of(value)


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become text."""
    if isinstance(value, list):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value
