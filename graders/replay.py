"""Python text that shows a failing case again beside the exercise file: no longer than a screen, nothing of ours in it.

A script ends by printing `yours:` and `expected:`; the two texts are the same, but for rounding, where the claim
holds. Where the code crashed or hung, it ends with the call that did.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Sequence

import torch
from torch import Tensor

from graders.exercise import Violation

MOST_LINES = 15
WRITTEN = 32  # values that are written out
WIDTH = 110
DIGITS = 7  # significant ones that are printed
NO_GRAD = "torch.set_grad_enabled(False)"  # as the judge looks
Line = str | tuple[str, str]  # a pair is an assignment: what may share a line with others

# `show` is the first line of scripts that print tensors; `shown` writes what it makes of an expected tensor.
MOST_SHOWN = 99  # numbers of a tensor
SHOW = f'show = lambda t: t if t is None else (tuple(t.shape), [float(f"{{v:.{DIGITS}g}}") for v in t.flatten()[-{MOST_SHOWN}:].tolist()])'


def shown(value: Tensor) -> str:
    """What `show` prints of a tensor: its shape, and its last values where they are many."""
    numbers = [float(f"{number:.{DIGITS}g}") for number in value.flatten()[-MOST_SHOWN:].tolist()]
    return f"({tuple(value.shape)}, {listed(numbers)})"


def listed(numbers: Sequence[object]) -> str:
    """A list as Python text, where NaN and infinity are names too."""
    return f"[{', '.join(number_source(number) for number in numbers)}]"


def number_source(number: object) -> str:
    """A number as Python text."""
    text = repr(number)
    return f"float({text!r})" if text in ("nan", "inf", "-inf") else text


def ending(yours: str, expected: str) -> list[str]:
    """The two lines that a script ends with: expressions of what is seen and of what should be."""
    return [f'print("yours:   ", {yours})', f'print("expected:", {expected})']


def form(name: str, violation: Violation) -> list[str]:
    """The end for a value that is no tensor, or one of another shape or dtype; nothing for other violations."""
    want = violation.expected
    if not isinstance(want, str) or not isinstance(violation.observed, str):
        return []
    if want == "a tensor":
        return ending(f'"a tensor:", isinstance({name}, torch.Tensor)', '"a tensor:", True')
    if want.startswith("shape ("):
        return ending(f'"shape", tuple({name}.shape)', f'"shape", {want.removeprefix("shape ")}')
    if isinstance(getattr(torch, want, None), torch.dtype):
        return ending(f"{name}.dtype", f"torch.{want}")
    return []


def contents_source(
    kind: str,
    shape: Sequence[int],
    seed: int,
    stream: int,
    spread: int = 20,
    change: str = "{}",
    dtype: torch.dtype = torch.float32,
) -> str:
    """The expression of what `claims.contents` makes, as a tensor; `change` is done to the NumPy array before."""
    made = change.format(_array_source(kind, shape, seed, stream, spread))
    return f"torch.tensor({made}, dtype=torch.float32){'' if dtype == torch.float32 else f'.to({dtype})'}"


def _array_source(kind: str, shape: Sequence[int], seed: int, stream: int, spread: int) -> str:
    rng, size = f"Generator(Philox(key=[{seed}, {stream}]))", tuple(shape)
    if kind == "normal":
        return f"{rng}.standard_normal({size})"
    if kind == "ints":
        return f"(rng := {rng}).integers(1, 4, {size}) * rng.choice([-1.0, 1.0], {size})"
    exponent = f"exp2((rng := {rng}).uniform(-{spread}, {spread}, {size}))"
    return f"{exponent} * rng.choice([-1.0, 1.0], {size})"


def tensor_source(value: Tensor, made: str = "") -> str:
    """An expression that makes `value`: written out, else `made` (which makes it too), else compressed."""
    dtype, shape = value.dtype, tuple(value.shape)
    named = "" if dtype == torch.float32 else f", dtype={dtype}"
    flat, sizes = value.flatten(), ", ".join(map(str, shape))
    if value.numel() > 1 or 0 in shape:
        if value.numel() == 0 or not bool(flat.any()):
            return f"torch.zeros({sizes}{named})"
        if bool((flat == 1).all()):
            return f"torch.ones({sizes}{named})"
        if bool((flat == flat[0]).all()):
            return f"torch.full({shape}, {number_source(_short(flat[0]))}{named})"
    if value.numel() <= WRITTEN or (not made and value.numel() <= 4 * WRITTEN):
        return f"torch.tensor({_nested(value)}{named})"
    if made:
        return made
    text = base64.b85encode(
        zlib.compress(value.contiguous().view(-1).view(torch.uint8).numpy().tobytes(), 9)
    ).decode()
    return (
        f"torch.frombuffer(bytearray(zlib.decompress(base64.b85decode({text!r}))), dtype={dtype})"
        f".reshape({shape})"
    )


def _nested(value: Tensor) -> str:
    if value.dim() == 0:
        return number_source(_short(value))
    return f"[{', '.join(_nested(part) for part in value)}]"


def _short(value: Tensor) -> object:
    """The number, in as few digits as make it again in its dtype."""
    number = value.item()
    for digits in range(1, 17):
        short = float(f"{number:.{digits}g}")
        if isinstance(number, float) and bool(torch.tensor(short, dtype=value.dtype) == value):
            return short
    return number


def call_source(function: str, positional: Sequence[str], named: dict[str, object], style: str) -> str:
    """A call as the probe makes it: `keywords`, `positional`, or `defaults` (named arguments left out)."""
    if style == "positional":
        arguments = [*positional, *(repr(value) for value in named.values())]
    elif style == "defaults":
        arguments = list(positional)
    else:
        arguments = [*positional, *(f"{name}={value!r}" for name, value in named.items())]
    return f"{function}({', '.join(arguments)})"


def earlier(call: str) -> str:
    """A call that the judge makes before, whatever comes of it."""
    return f"with suppress(Exception): {call}  # the judge, too, calls it before"


def script(
    module: str, names: Sequence[str], lines: Sequence[Line], notebook: bool, lab: Sequence[str] = ()
) -> str:
    """The whole text: imports, then the lines; in a notebook, what the cells define is there already."""
    body = "\n".join(line if isinstance(line, str) else line[1] for line in lines)
    head = [
        f"import {name}" for name in ("base64", "copy", "inspect", "warnings", "zlib") if f"{name}." in body
    ]
    if "suppress(" in body:
        head.append("from contextlib import suppress")
    if "torch." in body or "nn." in body:
        head.append("import torch")
    if "nn." in body.replace("torch.nn.", ""):
        head.append("from torch import nn")
    if functions := [name for name in ("copysign", "exp2") if f"{name}(" in body]:
        head.append(f"from numpy import {', '.join(functions)}")
    if "Philox(" in body:
        head.append("from numpy.random import Generator, Philox")
    if not notebook:
        head += [f"from lab import {', '.join(lab)}"] if lab else []
        head.append(f"from {module} import {', '.join(names)}")
    separate = sum(not isinstance(line, str) for line in lines)
    packed = _packed(lines, WIDTH)
    if len(head) + len(packed) > MOST_LINES and separate:
        packed = _packed(lines, 10**9)
    return "\n".join([*head, *packed]) + "\n"


def _packed(lines: Sequence[Line], width: int) -> list[str]:
    """The lines, with assignments that follow each other in one line as long as it is no longer than `width`."""
    done: list[str] = []
    group: list[tuple[str, str]] = []
    for line in [*lines, ""]:
        if not isinstance(line, str) and len(_assigned([*group, line])) <= width:
            group.append(line)
            continue
        done += [_assigned(group)] if group else []
        group = []
        if isinstance(line, str):
            done.append(line)
        else:
            group = [line]
    return done[:-1]


def _assigned(group: Sequence[tuple[str, str]]) -> str:
    return f"{', '.join(name for name, _ in group)} = {', '.join(value for _, value in group)}"
