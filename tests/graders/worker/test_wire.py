"""The wire: what is packed arrives as it was, and nothing else gets through."""

from __future__ import annotations

import contextlib
import enum
import json
import math
import os
import struct
from collections import OrderedDict, namedtuple
from decimal import Decimal
from fractions import Fraction
from typing import Any

import hypothesis.strategies as st
import numpy as np
import pytest
import torch
from hypothesis import given, settings

from graders.worker import wire
from graders.worker.wire import Refused, WireError, pack, real, unpack


def split(frame: bytes) -> tuple[bytes, bytes]:
    header, body = wire.frame_lengths(frame[: wire.PREFIX])
    assert len(frame) == wire.PREFIX + header + body
    return frame[wire.PREFIX : wire.PREFIX + header], frame[wire.PREFIX + header :]


def there(value: Any, **how: Any) -> Any:
    return unpack(*split(pack(value, **how)))


def same(a: Any, b: Any) -> bool:
    """Equality that tells types, signs of zero, NaN and tensors apart."""
    if isinstance(a, torch.Tensor):
        bytes_ = [
            x.detach().clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8)
            if x.numel()
            else x
            for x in (a, b)
        ]
        return a.dtype == b.dtype and a.shape == b.shape and (not a.numel() or torch.equal(*bytes_))
    if isinstance(a, list | tuple):
        return isinstance(b, list) and len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return isinstance(b, dict) and list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, float):
        return isinstance(b, float) and (struct.pack("d", a) == struct.pack("d", b) or (a != a and b != b))
    return type(a) is type(b) and a == b


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    dtype = draw(st.sampled_from(list(wire.DTYPES.values())))
    shape = draw(st.lists(st.integers(0, 4), max_size=4))
    torch.manual_seed(draw(st.integers(0, 99)))
    x = (torch.randn(shape, dtype=torch.float64) * 50).to(dtype)
    how = draw(st.sampled_from(["plain", "transposed", "strided", "parameter"]))
    if how == "transposed" and x.dim() > 1:
        x = x.transpose(0, -1)
    if how == "strided" and x.dim():
        x = x[::2]
    if how == "parameter" and x.is_floating_point():
        x = torch.nn.Parameter(x)
    return x


texts = st.text(st.characters(codec="utf-8"), max_size=20)
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(2**300), 2**300)
    | st.floats()
    | texts
    | st.binary(max_size=20)
    | tensors()
)
values = st.recursive(
    leaves, lambda x: st.lists(x, max_size=4) | st.dictionaries(texts, x, max_size=4), max_leaves=12
)


@settings(deadline=None, max_examples=300)
@given(values)
def test_every_kind_of_value_arrives_as_it_was(value: Any) -> None:
    """What has an exact type of the format arrives with the same type and bits."""
    assert same(value, there(value))


def test_a_tuple_arrives_as_a_list() -> None:
    """Tuples and lists are one kind."""
    assert there((1, (2, "a"))) == [1, [2, "a"]]


def test_an_arrived_tensor_is_a_writable_copy() -> None:
    """What arrives shares no memory with the message and may be written to."""
    frame = pack(torch.ones(3))
    first, second = unpack(*split(frame)), unpack(*split(frame))
    first[0] = 5
    assert second.tolist() == [1, 1, 1]


class LoudTensor(torch.Tensor):
    @classmethod
    def __torch_function__(cls, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("an override was called")


def test_a_tensor_subclass_arrives_as_a_plain_tensor() -> None:
    """Overrides of a subclass are not called."""
    loud = torch.arange(3.0).as_subclass(LoudTensor)
    assert same(torch.arange(3.0), there({"x": loud})["x"])


class Evil:
    """Every override says that it was called."""

    def _called(self, *args: Any) -> Any:
        raise AssertionError("an override was called")

    __len__ = __str__ = __repr__ = __iter__ = __bool__ = __int__ = _called  # type: ignore
    __float__ = __index__ = __getattribute__ = __reduce__ = __instancecheck__ = _called  # type: ignore


class EvilFloat(Evil, float):
    pass


class EvilInt(Evil, int):
    pass


class EvilDict(Evil, dict):  # type: ignore
    pass


class EvilList(Evil, list):  # type: ignore
    pass


class Liar:
    @property
    def __class__(self) -> Any:  # type: ignore
        return dict


class Color(enum.IntEnum):
    RED = 3


Point = namedtuple("Point", "x y")
odd_things = [
    (Evil(), "an Evil"),
    (EvilFloat(1), "an EvilFloat"),
    (EvilDict(), "an EvilDict"),
    (Liar(), "a Liar"),
    (np.zeros(2), "a numpy.ndarray"),
    (np.float32(1), "a numpy.float32"),
    (torch.nn.Linear(1, 1), "a Linear"),
    (print, "a builtin_function_or_method"),
    ({1: 2}, "a dict with an int as a key"),
    (Point(1, 2), "a Point"),
    (torch.zeros(2, dtype=torch.complex64), "a tensor of dtype complex64"),
    (object(), "an object"),
    (torch.zeros(2, device="meta"), "a tensor on device meta"),
    (Color.RED, "a Color"),
    ({1}, "a set"),
    (torch.zeros(2, 2).to_sparse(), "a tensor that is sparse or nested"),
    (1 << 20_000, "an int of 20001 bits"),
    (torch.zeros(1).expand(4_000_001), "a tensor of 4000001 elements in 1 dimensions"),
    (1j, "a complex"),
    ([0] * 10_001, "a list of 10001 entries"),
    (dict.fromkeys(map(str, range(1001))), "a dict of 1001 entries"),
]


@pytest.mark.parametrize("words", [words for _, words in odd_things])
def test_an_odd_value_arrives_in_words_and_spoils_nothing(words: str) -> None:
    """Whatever does not travel arrives as `Refused`, and its neighbours as they were."""
    thing = next(thing for thing, name in odd_things if name == words)
    assert there([1, thing, {"a": thing}, 2]) == [1, Refused(words), {"a": Refused(words)}, 2]


def test_a_list_that_holds_itself_ends() -> None:
    """Nesting is cut at a fixed depth."""
    endless: list[Any] = []
    endless.append(endless)
    found = there(endless)
    for _ in range(wire.MAX_DEPTH):
        found = found[0]
    assert found == Refused("a list nested too deeply")


def test_a_value_too_large_to_send_leaves_room_for_the_others() -> None:
    """What does not fit into a message is refused by itself; what comes after it arrives."""
    wide = ["x" * 1000] * 9_000
    found = there({"wide": wide, "many": [[0] * 9_999] * 9_999, "after": [1.5, "here"]})
    assert isinstance(found["many"], Refused)
    assert found["after"] == [1.5, "here"]


def test_tensors_beyond_the_body_are_refused() -> None:
    """The third of three tensors that together are larger than a body does not travel; a small one does."""
    x = torch.zeros(4_000_000, dtype=torch.float64)
    found = there([x, x, x, torch.ones(2)])
    assert found[2] == Refused("a torch.Tensor too large to send")
    assert same(torch.ones(2), found[3])


def test_lone_surrogates_are_replaced_and_long_text_is_cut_in_replies() -> None:
    """Text always arrives as text; the judge's own texts are never cut."""
    assert there("a\ud800b") == "a\ufffdb"
    assert there("x" * 30_000, text_limit=wire.MAX_TEXT) == "x" * 20_000
    assert there("x" * 30_000) == "x" * 30_000


def test_the_name_of_a_type_is_cleaned_and_cut() -> None:
    """A type's name cannot carry control characters or any length into a message."""
    kind = type("E\x1b\u202e" + "x" * 500, (), {"__module__": 7})
    words = there(kind()).description
    assert words.startswith("an E\ufffd\ufffdxxx")
    assert len(words) < 100


def body(header: Any, data: bytes = b"") -> Any:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return unpack(text, data)


hostile: list[tuple[str, Any, bytes]] = [
    ("not JSON", b"{", b""),
    ("not UTF-8", b'"\xff"', b""),
    ("NaN", b"NaN", b""),
    ("infinity", b"[-Infinity]", b""),
    ("an infinite number", b"1e999", b""),
    ("a huge integer", b"1" * 5000, b""),
    ("an integer of 65 bits", str(2**63).encode(), b""),
    ("a long integer in decimal", {"i": "12"}, b""),
    ("a very long integer", {"i": "0x" + "f" * 10_000}, b""),
    ("an integer with spaces", {"i": " 0x1"}, b""),
    ("nested lists", b"[" * 100_000 + b"]" * 100_000, b""),
    ("nested lists below the parser's limit", b"[" * 50 + b"]" * 50, b""),
    ("nested dicts", b'{"d":[["a",' * 300 + b"1" + b"]]}" * 300, b""),
    ("an unknown key", {"x": 1}, b""),
    ("no key", {}, b""),
    ("two keys", {"f": "nan", "b": 0}, b""),
    ("the same key twice", b'{"b":0,"b":0}', b""),
    ("the same entry twice", {"d": [["a", 1], ["a", 2]]}, b""),
    ("an entry without value", {"d": [["a"]]}, b""),
    ("an entry with a number as key", {"d": [[1, 2]]}, b""),
    ("a wrong float", {"f": "1.0"}, b""),
    ("a float of a list", {"f": ["nan"]}, b""),
    ("half a character", b'"\\ud800"', b""),
    ("half a character in a key", b'{"d":[["\\ud800",1]]}', b""),
    ("half a character in words", b'{"r":"\\ud800"}', b""),
    ("long words", {"r": "x" * 1000}, b""),
    ("bytes beyond the body", {"b": 5}, b"1234"),
    ("a negative length", {"b": -1}, b""),
    ("a truth value as length", {"b": True}, b"1"),
    ("a body that nobody takes", 1, b"1"),
    ("an unknown dtype", {"t": ["complex64", [1], 8]}, b"12345678"),
    ("a dtype that is an attribute of torch", {"t": ["load", [1], 8]}, b"12345678"),
    ("a dtype that is a list", {"t": [["float32"], [1], 4]}, b"1234"),
    ("a negative size", {"t": ["float32", [-1], 4]}, b"1234"),
    ("two negative sizes", {"t": ["float32", [-1, -1], 4]}, b"1234"),
    ("a size that is a float", {"t": ["float32", [1.0], 4]}, b"1234"),
    ("a size that is a truth value", {"t": ["float32", [True], 4]}, b"1234"),
    ("a shape that is a number", {"t": ["float32", 1, 4]}, b"1234"),
    ("too few bytes", {"t": ["float32", [2], 4]}, b"1234"),
    ("too many bytes", {"t": ["float32", [1], 8]}, b"12345678"),
    ("a length that does not agree", {"t": ["float32", [2], 8]}, b"1234"),
    ("a product that overflows", {"t": ["uint8", [2**33, 2**33, 2**33], 0]}, b""),
    ("an empty tensor with an absurd shape", {"t": ["uint8", [0, 2**62], 0]}, b""),
    ("an empty tensor whose strides overflow", {"t": ["uint8", [0, 2**40, 2**40, 2**40], 0]}, b""),
    ("many dimensions", {"t": ["uint8", [1] * 100, 1]}, b"1"),
    ("too many elements", {"t": ["uint8", [4_000_001], 4_000_001]}, bytes(4_000_001)),
    ("a truth value of 2", {"t": ["bool", [1], 1]}, b"\x02"),
    ("a list that is too long", [0] * 10_001, b""),
]


@pytest.mark.parametrize(("header", "data"), [row[1:] for row in hostile], ids=[row[0] for row in hostile])
def test_a_hostile_message_is_refused(header: Any, data: bytes) -> None:
    """Whatever is not exactly the format raises WireError, and nothing else."""
    with pytest.raises(WireError):
        body(header, data)


@settings(deadline=None, max_examples=500)
@given(st.binary(max_size=60), st.binary(max_size=20))
def test_any_bytes_are_a_message_or_an_error(header: bytes, data: bytes) -> None:
    """No bytes make the reader raise anything but WireError."""
    with contextlib.suppress(WireError):
        body(header, data)


keys = st.sampled_from(["t", "d", "b", "f", "i", "r", "x"])
shapes = st.lists(st.integers(-2, 5) | st.integers(), max_size=3)
trees = st.recursive(
    st.none()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["float32", "nan", "0xf"])
    | shapes,
    lambda x: (
        st.lists(x, max_size=4)
        | st.dictionaries(keys, x, max_size=2)
        | st.tuples(st.sampled_from(["float32", "bool"]), shapes, st.integers(0, 20)).map(
            lambda t: {"t": list(t)}
        )
    ),
    max_leaves=10,
)


@settings(deadline=None, max_examples=500)
@given(trees, st.binary(max_size=20))
def test_any_tree_is_a_message_or_an_error(tree: Any, data: bytes) -> None:
    """No JSON of nearly the right form makes the reader raise anything but WireError."""
    with contextlib.suppress(WireError):
        body(tree, data)


@pytest.mark.parametrize(
    "prefix",
    [
        b"",
        b"1234567",
        struct.pack("<QQ", 2**20 + 1, 0),
        struct.pack("<QQ", 0, 2**26 + 1),
        struct.pack("<QQ", 2**64 - 1, 2**64 - 1),
    ],
)
def test_lengths_are_checked_before_anything_is_read(prefix: bytes) -> None:
    """A frame's lengths alone decide whether it is too long."""
    with pytest.raises(WireError):
        wire.frame_lengths(prefix)


def test_messages_travel_through_a_pipe() -> None:
    """What one end writes the other reads, until the pipe is closed; a cut frame is an end."""
    read, write = os.pipe()
    for value in ({"a": torch.ones(2)}, "b"):
        wire.write_message(write, value)
    os.write(write, pack("c")[:-1])
    os.close(write)
    assert same(torch.ones(2), wire.read_message(read)["a"])
    assert wire.read_message(read) == "b"
    with pytest.raises(EOFError):
        wire.read_message(read)
    os.close(read)


numbers = [
    2,
    2.5,
    Fraction(5, 2),
    Decimal("2.5"),
    np.float16(2.5),
    np.float64(2.5),
    np.longdouble(2.5),
    np.int8(2),
    np.uint64(2),
    torch.tensor(2.5),
    torch.tensor([[2.5]]),
    torch.tensor(2, dtype=torch.int8),
    np.array(2.5),
    np.array([2]),
    torch.nn.Parameter(torch.tensor(2.5)),
    torch.tensor(2.5, dtype=torch.bfloat16),
    Color.RED,
    EvilFloat(2.5),
    EvilInt(2),
    torch.tensor(2.5).as_subclass(LoudTensor),
]


@pytest.mark.parametrize("index", range(len(numbers)))
def test_any_real_number_type_becomes_a_float(index: int) -> None:
    """A number of any real type is read by its base's own method."""
    found = real(numbers[index])
    assert type(found) is float
    assert found in (2.0, 2.5, 3.0)


no_numbers = [
    True,
    np.bool_(True),
    torch.tensor(True),
    np.array([True]),
    "2",
    None,
    1j,
    [2.0],
    torch.ones(2),
    np.ones(2),
    torch.tensor(1j),
    Evil(),
    10**400,
    np.array("2"),
    torch.zeros(1, device="meta"),
    np.complex64(1),
]


@pytest.mark.parametrize("index", range(len(no_numbers)))
def test_what_is_no_real_number_is_refused(index: int) -> None:
    """Truth values, text, complex numbers and longer tensors are no numbers."""
    assert isinstance(real(no_numbers[index]), Refused)


def test_infinite_and_missing_numbers_stay_what_they_are() -> None:
    """NaN and infinity are floats."""
    assert math.isnan(real(np.float32("nan")))  # type: ignore[arg-type]
    assert real(Decimal("-Infinity")) == -math.inf


def test_containers_are_read_by_their_bases() -> None:
    """Entries and items of subclasses are read without their overrides."""
    assert wire.entries(OrderedDict(a=1)) == [("a", 1)]
    assert wire.items(Point(1, 2)) == [1, 2]
    assert wire.items(EvilList()) == []
    assert wire.entries(EvilDict()) == []
    assert isinstance(wire.entries([1]), Refused)
    assert isinstance(wire.items({1: 2}), Refused)


def test_a_rebound_method_of_torch_spoils_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """A submission that rebinds a method of tensors by accident breaks only itself."""
    for name in ("detach", "clone", "numpy", "reshape", "view"):
        monkeypatch.setattr(torch.Tensor, name, lambda *_: None)
    frame = pack(torch.ones(2))
    monkeypatch.undo()
    assert same(torch.ones(2), unpack(*split(frame)))
