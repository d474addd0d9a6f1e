"""Cases as JSON: a tensor is `{"tensor": [dtype, shape, base64 of zlib of its bytes]}`, the rest stands for itself."""

from __future__ import annotations

import base64
import math
import zlib
from typing import Any

import torch
from torch import Tensor


def encoded(value: Any) -> Any:
    """A value as JSON."""
    if isinstance(value, Tensor):
        plain = value.detach().contiguous()
        data = plain.reshape(-1).view(torch.uint8).numpy().tobytes() if plain.numel() else b""
        text = base64.b64encode(zlib.compress(data, 9)).decode()
        return {"tensor": [str(plain.dtype).removeprefix("torch."), list(plain.shape), text]}
    if isinstance(value, dict):
        return {name: encoded(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encoded(item) for item in value]
    return value


def decoded(value: Any) -> Any:
    """The value that `encoded` was given; every call makes new tensors."""
    if isinstance(value, dict):
        if list(value) == ["tensor"] and isinstance(value["tensor"], list):
            return _tensor(*value["tensor"])
        return {name: decoded(item) for name, item in value.items()}
    if isinstance(value, list):
        return [decoded(item) for item in value]
    return value


def _tensor(dtype: str, shape: list[int], text: str) -> Tensor:
    kind: torch.dtype = getattr(torch, dtype)
    if not math.prod(shape):
        return torch.empty(shape, dtype=kind)
    return torch.frombuffer(bytearray(zlib.decompress(base64.b64decode(text))), dtype=kind).reshape(shape)
