"""The data format of every message, both directions: a length-prefixed frame, a JSON header, raw bytes.

A frame is `<header length, body length>` (two little-endian 8-byte integers), the header, the body.
The header is one JSON value; text, integers of 64 bits, finite floats, booleans and null stand for
themselves, an array for a list or tuple, and an object with exactly one key for everything else:

    {"f": "nan" | "inf" | "-inf"}            a float that JSON cannot write
    {"i": "-0x1f..."}                        an integer of more than 64 bits
    {"b": 12}                                the next 12 bytes of the body
    {"t": ["float32", [2, 3], 24]}           a tensor: the next 24 bytes of the body
    {"d": [["key", value], ...]}             a dict with text as keys
    {"r": "a numpy.ndarray"}                 a value that does not travel, in words (`Refused`)

The writer looks at exact types and never calls what a student may have overridden; one odd value
arrives as `Refused` and never spoils its message. The reader believes nothing.
"""

from __future__ import annotations

import json
import math
import os
import re
import struct
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any, NoReturn

import numpy as np
import torch

MAX_HEADER = 1 << 20
MAX_BODY = 64 << 20
MAX_TEXT = 20_000
MAX_LIST = 10_000
MAX_DICT = 1_000
MAX_DEPTH = 12
MAX_ELEMENTS = 4_000_000
MAX_DIMENSIONS = 32
MAX_INT_BITS = 10_000
MAX_DESCRIPTION = 200
PREFIX = 16

DTYPES: dict[str, torch.dtype] = {
    "float64": torch.float64,
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "uint8": torch.uint8,
    "int8": torch.int8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "bool": torch.bool,
}
_DTYPE_NAMES = {dtype: name for name, dtype in DTYPES.items()}


class WireError(Exception):
    """The other side sent something that is not a message."""


@dataclass(frozen=True)
class Refused:
    """Stands for a value that does not travel: `description` says what it was, in words."""

    description: str


# Bound now, so that a submission that rebinds a function of torch or json by accident breaks only itself.
_Tensor = torch.Tensor
_as_subclass = torch.Tensor.as_subclass
_detach = torch.Tensor.detach
_resolve_neg = torch.Tensor.resolve_neg
_clone = torch.Tensor.clone
_contiguous = torch.contiguous_format
_reshape = torch.Tensor.reshape
_view = torch.Tensor.view
_numpy = torch.Tensor.numpy
_item = torch.Tensor.item
_strided, _uint8, _bool = torch.strided, torch.uint8, torch.bool
_without_overrides = torch._C.DisableTorchFunction
_dumps, _loads, _pack, _unpack = json.dumps, json.loads, struct.pack, struct.unpack
_read, _write = os.read, os.write
_mro = type.__dict__["__mro__"].__get__
_name = type.__dict__["__name__"].__get__
_module = type.__dict__["__module__"].__get__
_SURROGATES = re.compile("[\ud800-\udfff]")
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def visible(text: str, limit: int) -> str:
    """A text of at most `limit` characters, with symbols for those that are not seen."""
    text = _CONTROL.sub(lambda found: _symbol(ord(found[0])), text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "\u2026"


def _symbol(code: int) -> str:
    return chr(0x2400 + code) if code < 0x20 else "\u2421" if code == 0x7F else "\ufffd"


def is_subtype(kind: type, *bases: type) -> bool:
    """Whether `kind` really inherits from one of `bases`, whatever it says itself."""
    return any(cls is base for cls in _mro(kind) for base in bases)


def type_name(kind: type) -> str:
    """The name of a type, with its package where that is torch or numpy: `numpy.ndarray`."""
    name = str.__str__(_name(kind))
    module = _module(kind)
    if type(module) is str and module in ("torch", "numpy"):
        name = f"{module}.{name}"
    return _UNSEEN.sub("\ufffd", _SURROGATES.sub("\ufffd", name[:80]))


def refusal(x: Any) -> Refused:
    """The `Refused` that stands for `x`: what kind of thing it is, in words."""
    name = type_name(type(x))
    return Refused(f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}")


# ---------------------------------------------------------------------------------------------- writing


class _Full(Exception):
    """The message has no room for this value."""


class _Writer:
    """Encodes one value: the header's JSON as it grows, and the chunks of the body."""

    RESERVE = 128 << 10  # header bytes that only refusals may use, so that they always fit

    def __init__(self, text_limit: int | None) -> None:
        self.text_limit = text_limit
        self.header_left = MAX_HEADER
        self.body_left = MAX_BODY
        self.chunks: list[bytes] = []

    def spend(self, cost: int, reserve: int = RESERVE) -> None:
        if cost > self.header_left - reserve:
            raise _Full
        self.header_left -= cost

    def refuse(self, description: str) -> Any:
        description = description[:MAX_DESCRIPTION]
        self.spend(len(_dumps(description)) + 10, reserve=0)
        return {"r": description}

    def value(self, x: Any, depth: int = 0) -> Any:
        """`x` as JSON; what does not travel, does not fit or cannot be read becomes a refusal."""
        before = self.header_left, self.body_left, len(self.chunks)
        try:
            return self.encode(x, depth)
        except _Full:
            description = f"{refusal(x).description} too large to send"
        except Exception:
            description = f"{refusal(x).description} that cannot be read"
        self.header_left, self.body_left = before[:2]
        del self.chunks[before[2] :]
        return self.refuse(description)

    def encode(self, x: Any, depth: int) -> Any:
        kind = type(x)
        if x is None or kind is bool:
            self.spend(8)
            return x
        if kind is int:
            return self.integer(x)
        if kind is float:
            self.spend(28)
            return x if math.isfinite(x) else {"f": repr(x)}
        if kind is str:
            return self.text(x, self.text_limit)
        if kind is bytes:
            self.spend(24)
            return {"b": self.chunk(x)}
        if kind is list or kind is tuple:
            return self.sequence(x, depth)
        if kind is dict:
            return self.mapping(x, depth)
        if kind is Refused:
            return self.refuse(x.description)
        if is_subtype(kind, _Tensor):
            return self.tensor(x)
        return self.refuse(refusal(x).description)

    def integer(self, x: int) -> Any:
        if -(2**63) <= x < 2**63:
            self.spend(24)
            return x
        if x.bit_length() > MAX_INT_BITS:
            return self.refuse(f"an int of {x.bit_length()} bits")
        text = hex(x)
        self.spend(len(text) + 12)
        return {"i": text}

    def text(self, x: str, limit: int | None) -> str:
        x = _SURROGATES.sub("\ufffd", x if limit is None else x[:limit])
        self.spend(len(_dumps(x)) + 2)
        return x

    def chunk(self, data: bytes) -> int:
        if len(data) > self.body_left:
            raise _Full
        self.body_left -= len(data)
        self.chunks.append(data)
        return len(data)

    def sequence(self, x: list[Any] | tuple[Any, ...], depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return self.refuse("a list nested too deeply")
        if len(x) > MAX_LIST:
            return self.refuse(f"a {type_name(type(x))} of {len(x)} entries")
        self.spend(4)
        return [self.value(item, depth + 1) for item in x]

    def mapping(self, x: dict[Any, Any], depth: int) -> Any:
        if depth >= MAX_DEPTH:
            return self.refuse("a dict nested too deeply")
        if len(x) > MAX_DICT:
            return self.refuse(f"a dict of {len(x)} entries")
        odd = next((key for key in x if type(key) is not str), "")
        if type(odd) is not str:
            return self.refuse(f"a dict with {refusal(odd).description} as a key")
        self.spend(12)
        keys = [self.text(key, MAX_TEXT) for key in x]
        if len(set(keys)) < len(keys):
            return self.refuse("a dict with keys that read the same")
        values = [self.value(item, depth + 1) for item in x.values()]
        return {"d": [list(pair) for pair in zip(keys, values, strict=True)]}

    def tensor(self, x: Any) -> Any:
        with _without_overrides():
            plain = x if type(x) is _Tensor else _as_subclass(x, _Tensor)
            if type(plain) is not _Tensor:
                return self.refuse(refusal(x).description)
            problem = _why_not(plain)
            if problem:
                return self.refuse(problem)
            plain = _resolve_neg(_detach(plain))
            data = b""
            if plain.numel():
                flat = _reshape(_clone(plain, memory_format=_contiguous), (-1,))
                data = _numpy(_view(flat, _uint8)).tobytes()
        if plain.dtype is _bool:
            data = _clean_bools(data)
        shape = list(plain.shape)
        self.spend(60 + 12 * len(shape))
        return {"t": [_DTYPE_NAMES[plain.dtype], shape, self.chunk(data)]}


def _why_not(x: torch.Tensor) -> str:
    """Why a plain tensor does not travel, or nothing."""
    if x.layout is not _strided or x.is_nested:
        return "a tensor that is sparse or nested"
    if x.device.type != "cpu":
        return f"a tensor on device {x.device.type}"
    if x.dtype not in _DTYPE_NAMES:
        return f"a tensor of dtype {str(x.dtype).removeprefix('torch.')}"
    if x.numel() > MAX_ELEMENTS or x.dim() > MAX_DIMENSIONS:
        return f"a tensor of {x.numel()} elements in {x.dim()} dimensions"
    if math.prod(size or 1 for size in x.shape) > MAX_ELEMENTS:
        return "a tensor of an absurd shape"  # one of no elements, too, is written out row by row
    return ""


def _clean_bools(data: bytes) -> bytes:
    return bytes((np.frombuffer(data, dtype=np.uint8) != 0).astype(np.uint8))


def pack(value: Any, text_limit: int | None = None) -> bytes:
    """The whole frame for `value`. `text_limit` cuts text (the worker's replies are cut at `MAX_TEXT`)."""
    writer = _Writer(text_limit)
    header: bytes = _dumps(writer.value(value), separators=(",", ":"), allow_nan=False).encode()
    body = b"".join(writer.chunks)
    if len(header) > MAX_HEADER:
        raise WireError("the message's header is too long")
    lengths: bytes = _pack("<QQ", len(header), len(body))
    return lengths + header + body


# ---------------------------------------------------------------------------------------------- reading


def frame_lengths(prefix: bytes) -> tuple[int, int]:
    """Header and body length from a frame's first `PREFIX` bytes, checked before anything is read."""
    if len(prefix) != PREFIX:
        raise WireError("a frame begins with two lengths of 8 bytes")
    header, body = _unpack("<QQ", prefix)
    if header > MAX_HEADER:
        raise WireError("the message's header is too long")
    if body > MAX_BODY:
        raise WireError("the message's body is too long")
    return header, body


def unpack(header: bytes, body: bytes) -> Any:
    """The value of a frame. Whatever is not exactly the format raises `WireError`."""
    try:
        tree = _loads(
            header.decode("utf-8"),
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_int64,
            object_pairs_hook=_one_pair,
        )
        reader = _Reader(body)
        value = reader.value(tree, 0)
    except (ValueError, TypeError, OverflowError, RecursionError, MemoryError, RuntimeError) as error:
        raise WireError(f"the message is malformed ({type(error).__name__})") from None
    if reader.position != len(body):
        raise WireError("the message's body does not belong to its header")
    return value


@dataclass(frozen=True)
class _Tag:
    """A JSON object of the format: one key, one value."""

    key: str
    value: Any


def _no_constant(_: str) -> NoReturn:
    raise WireError("NaN and infinity are not JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise WireError("a number is out of range")
    return number


def _int64(text: str) -> int:
    number = int(text) if len(text) <= 20 else 2**64
    if not -(2**63) <= number < 2**63:
        raise WireError("an integer is out of range")
    return number


def _one_pair(pairs: list[tuple[str, Any]]) -> _Tag:
    if len(pairs) != 1:
        raise WireError("an object of a header has exactly one key")
    return _Tag(*pairs[0])


class _Reader:
    """Decodes one header, taking the body's bytes in order."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.position = 0

    def value(self, x: Any, depth: int) -> Any:
        if x is None or type(x) in (bool, int, float):
            return x
        if type(x) is str:
            return _text(x)
        if depth > MAX_DEPTH:
            raise WireError("the message is nested too deeply")
        if type(x) is list:
            if len(x) > MAX_LIST:
                raise WireError("a list is too long")
            return [self.value(item, depth + 1) for item in x]
        return self.tagged(x, depth)

    def tagged(self, tag: _Tag, depth: int) -> Any:
        if tag.key == "f" and tag.value in ("nan", "inf", "-inf"):
            return float(tag.value)
        if tag.key == "i" and type(tag.value) is str:
            return _long_int(tag.value)
        if tag.key == "b":
            return self.take(tag.value)
        if tag.key == "r" and type(tag.value) is str and len(tag.value) <= MAX_DESCRIPTION:
            return Refused(_text(tag.value))
        if tag.key == "t" and type(tag.value) is list and len(tag.value) == 3:
            return self.tensor(*tag.value)
        if tag.key == "d" and type(tag.value) is list and len(tag.value) <= MAX_DICT:
            return self.mapping(tag.value, depth)
        raise WireError("an object of the header is not of the format")

    def mapping(self, pairs: list[Any], depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for pair in pairs:
            if type(pair) is not list or len(pair) != 2 or type(pair[0]) is not str or pair[0] in result:
                raise WireError("a dict's entries are not of the format")
            result[_text(pair[0])] = self.value(pair[1], depth + 1)
        return result

    def take(self, length: Any) -> bytes:
        if type(length) is not int or not 0 <= length <= len(self.body) - self.position:
            raise WireError("a length points outside the body")
        self.position += length
        return bytes(self.body[self.position - length : self.position])

    def tensor(self, name: Any, shape: Any, length: Any) -> torch.Tensor:
        dtype = DTYPES.get(name) if type(name) is str else None
        if dtype is None:
            raise WireError("a tensor's dtype is not of the format")
        if type(shape) is not list or len(shape) > MAX_DIMENSIONS:
            raise WireError("a tensor's shape is not of the format")
        if any(type(size) is not int or not 0 <= size <= MAX_ELEMENTS for size in shape):
            raise WireError("a tensor's shape is not of the format")
        count = math.prod(shape)
        if math.prod(size or 1 for size in shape) > MAX_ELEMENTS or count * dtype.itemsize != length:
            raise WireError("a tensor's shape and bytes do not agree")
        data = self.take(length)
        if not count:
            return torch.empty(shape, dtype=dtype)
        if dtype is torch.bool and max(data) > 1:
            raise WireError("a truth value is neither 0 nor 1")
        return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


def _text(x: str) -> str:
    if _SURROGATES.search(x):
        raise WireError("a text holds half a character")
    return x


def _long_int(text: str) -> int:
    if len(text) > MAX_INT_BITS // 4 + 4 or not re.fullmatch("-?0x[0-9a-f]+", text):
        raise WireError("an integer is not of the format")
    return int(text, 16)


# ------------------------------------------------------------------------------- the worker's two pipes


def read_exactly(fd: int, length: int) -> bytes:
    """`length` bytes from a blocking pipe; EOFError where it ends before."""
    data = bytearray()
    while len(data) < length:
        piece = _read(fd, min(length - len(data), 1 << 20))
        if not piece:
            raise EOFError("the pipe was closed")
        data += piece
    return bytes(data)


def read_message(fd: int) -> Any:
    """The next message of a blocking pipe (the worker's side; the judge reads with a deadline)."""
    header, body = frame_lengths(read_exactly(fd, PREFIX))
    return unpack(read_exactly(fd, header), read_exactly(fd, body))


def write_message(fd: int, value: Any) -> None:
    """Writes `value` as one message to a blocking pipe, its texts cut at `MAX_TEXT`."""
    left = memoryview(pack(value, MAX_TEXT))
    while left:
        left = left[_write(fd, left) :]


# ------------------------------------------------------------- reading a student's values by their bases

_NUMPY_REALS = (np.integer, np.floating)


def real(x: Any) -> float | Refused:
    """Any real number as a Python float, by the base class's own method; a truth value is no number."""
    try:
        return _real(x)
    except OverflowError:
        return Refused("a number too large for a float")
    except Exception:
        return refusal(x)


def _real(x: Any) -> float | Refused:
    kind = type(x)
    if kind is float:
        return float(x)
    if kind is bool:
        return refusal(x)
    if is_subtype(kind, float):
        return float.__float__(x)
    if is_subtype(kind, int):
        return float(int.__int__(x))
    if kind is Fraction and type(x._numerator) is int and type(x._denominator) is int:
        return x._numerator / x._denominator
    if is_subtype(kind, Decimal):
        return float(Decimal.__float__(x))
    if is_subtype(kind, *_NUMPY_REALS) and kind.__module__ == "numpy":
        return float(x)
    if is_subtype(kind, np.ndarray):
        one = np.ndarray.__array__(x)
        return float(np.ndarray.item(x)) if one.size == 1 and one.dtype.kind in "iuf" else refusal(x)
    if is_subtype(kind, _Tensor):
        return _real_of_tensor(x)
    if isinstance(x, Real):  # of a class of one's own: what it says of itself
        value = float(x)
        return value if type(value) is float else refusal(x)
    return refusal(x)


def _real_of_tensor(x: Any) -> float | Refused:
    with _without_overrides():
        plain = _detach(_as_subclass(x, _Tensor))
        if type(plain) is not _Tensor or plain.numel() != 1 or plain.dtype is _bool or plain.is_complex():
            return refusal(x)
        return float(_item(plain))


def entries(x: Any) -> list[tuple[Any, Any]] | Refused:
    """The entries of a dict or of a subclass of it (OrderedDict, ...), by dict's own method."""
    return list(dict.items(x)) if is_subtype(type(x), dict) else refusal(x)


def items(x: Any) -> list[Any] | Refused:
    """The items of a list or tuple or of a subclass of them (NamedTuple, ...), by their own methods."""
    if is_subtype(type(x), list):
        return list(list.__iter__(x))
    if is_subtype(type(x), tuple):
        return list(tuple.__iter__(x))
    return refusal(x)
