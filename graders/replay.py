"""Python text that makes a case again beside the exercise file: values where they are few, else an expression."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor

WRITTEN = 64  # values that are written out


def tensor_source(value: Tensor) -> str:
    """An expression that makes `value`: its values written out, or compressed where they are many."""
    dtype = str(value.dtype)
    if value.numel() == 0:
        return f"torch.zeros({tuple(value.shape)}, dtype={dtype})"
    if value.numel() <= WRITTEN:
        return f"torch.tensor({value.tolist()}, dtype={dtype})"
    if bool((value == value.flatten()[0]).all()):
        return f"torch.full({tuple(value.shape)}, {value.flatten()[0].item()}, dtype={dtype})"
    raw = value.contiguous().view(-1).view(torch.uint8).numpy().tobytes()
    text = base64.b85encode(zlib.compress(raw, 9)).decode()
    return (
        f"torch.frombuffer(bytearray(zlib.decompress(base64.b85decode({text!r}))), dtype={dtype})"
        f".reshape({tuple(value.shape)})"
    )


def script(module: str, names: Sequence[str], lines: Sequence[str]) -> str:
    """A whole script: the imports that its lines need, then the lines."""
    body = "\n".join(lines)
    imports = [name for name in ("base64", "zlib") if f"{name}." in body]
    head = [f"import {', '.join(imports)}"] if imports else []
    if "torch." in body or "nn." in body:
        head.append("import torch")
    return "\n".join([*head, f"from {module} import {', '.join(names)}", "", body]) + "\n"


def call_source(function: str, positional: Sequence[str], named: dict[str, object], style: str) -> str:
    """A call as the probe makes it: `keywords`, `positional`, or `defaults` (named arguments left out)."""
    if style == "positional":
        arguments = [*positional, *(repr(value) for value in named.values())]
    elif style == "defaults":
        arguments = list(positional)
    else:
        arguments = [*positional, *(f"{name}={value!r}" for name, value in named.items())]
    return f"{function}({', '.join(arguments)})"
