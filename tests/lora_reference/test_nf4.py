"""NF4 against bitsandbytes, a plain loop and properties."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_reference import NF4_LEVELS, bits_per_weight, dequantize_nf4, quantize_nf4

MIDPOINTS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]).double() / 2


def unpacked(packed: torch.Tensor, count: int) -> torch.Tensor:
    """bitsandbytes' codes: two a byte, the first in the high nibble."""
    flat = packed.view(-1)
    return torch.stack([flat >> 4, flat & 15], dim=1).view(-1)[:count]


@pytest.mark.parametrize("block_size", [64, 128, 4096])
@pytest.mark.parametrize("kind", ["normal", "student", "uniform", "bfloat16"])
def test_codes_and_scales_are_those_of_bitsandbytes(block_size: int, kind: str) -> None:
    """Of a million values, codes differ at most where a value lies within 1e-6 of a midpoint; scales and values do not."""
    bnb = pytest.importorskip(
        "bitsandbytes.functional", reason="bitsandbytes is a development dependency: make setup"
    )
    torch.manual_seed(block_size)
    x = torch.randn(1 << 20)
    if kind == "student":
        x = x / torch.rand(1 << 20).clamp_min(0.01).sqrt()
    elif kind == "uniform":
        x = torch.rand(1 << 20) * 2 - 1
    elif kind == "bfloat16":
        x = x.bfloat16().float()
    packed, state = bnb.quantize_4bit(x, blocksize=block_size, quant_type="nf4")
    theirs = unpacked(packed, x.numel())
    codes, scales = quantize_nf4(x, block_size)

    assert torch.equal(scales, state.absmax)
    y = x.double() / scales.double().repeat_interleave(block_size)
    near = (y[:, None] - MIDPOINTS).abs().amin(1) < 1e-6
    assert torch.equal(codes[~near], theirs[~near])
    restored = bnb.dequantize_4bit(packed, state).view(-1)
    assert torch.equal(dequantize_nf4(theirs, state.absmax, block_size), restored)


@settings(max_examples=60, deadline=None, database=None)
@given(
    st.lists(st.integers(0, 5), max_size=3),
    st.integers(1, 70),
    st.integers(0, 2**16),
    st.sampled_from(["float32", "float64", "float16", "bfloat16"]),
)
def test_each_code_is_a_nearest_level(shape: list[int], block_size: int, seed: int, dtype: str) -> None:
    """For any shape, block size and dtype: scales are largest absolute values, codes nearest levels, in a plain loop."""
    torch.manual_seed(seed)
    x = torch.randn(shape).to(getattr(torch, dtype))
    codes, scales = quantize_nf4(x, block_size)
    flat = x.double().reshape(-1).tolist()

    assert codes.shape == x.shape
    assert (codes.dtype, scales.dtype, scales.dim()) == (torch.uint8, torch.float32, 1)
    for number, start in enumerate(range(0, len(flat), block_size)):
        block = flat[start : start + block_size]
        scale = max(map(abs, block))
        assert scales[number].item() == pytest.approx(scale, rel=1e-7)
        for value, code in zip(block, codes.reshape(-1)[start : start + block_size].tolist(), strict=True):
            distances = [abs(value / scale - level) for level in NF4_LEVELS.tolist()]
            assert distances[code] <= min(distances) + 1e-6


def test_levels_are_the_papers() -> None:
    """The bit patterns of the paper's table: ascending from -1 to 1, level 7 is 0."""
    bits = ["bf800000", "bf3239b1", "bf066b30", "beca32a0", "be91a24d", "be3d353f", "bdba7871", "00000000",
            "3da2faff", "3e24cae3", "3e7c04dd", "3ead033a", "3ee1a4b8", "3f1007ab", "3f3913b3", "3f800000"]  # fmt: skip
    assert [f"{bit:08x}" for bit in np.asarray(NF4_LEVELS.tolist(), dtype=np.float32).view(np.uint32)] == bits


def test_zero_blocks_partial_blocks_and_empty_tensors() -> None:
    """Zeros get scale 0 and code 7 and come back as zeros; a last block may be short; nothing gives nothing."""
    codes, scales = quantize_nf4(torch.cat([torch.zeros(4), torch.tensor([2.0, -1.0])]), 4)
    assert codes.tolist() == [7, 7, 7, 7, 15, 2]
    assert scales.tolist() == [0.0, 2.0]
    assert dequantize_nf4(codes, scales, 4)[:5].tolist() == [0, 0, 0, 0, 2]
    codes, scales = quantize_nf4(torch.zeros(0, 3))
    assert (codes.shape, scales.shape, dequantize_nf4(codes, scales).shape) == ((0, 3), (0,), (0, 3))


def test_layout_and_arguments() -> None:
    """A transposed tensor is read in row-major order; arguments stay as they are; a bad block size raises."""
    x = torch.randn(6, 4).T
    before = x.clone()
    assert torch.equal(quantize_nf4(x, 5)[0], quantize_nf4(x.contiguous(), 5)[0])
    assert torch.equal(x, before)
    with pytest.raises(ValueError, match="block_size"):
        quantize_nf4(x, 0)
    with pytest.raises(ValueError, match="scales"):
        dequantize_nf4(torch.zeros(3, dtype=torch.uint8), torch.zeros(2))


def test_tiny_huge_and_zero_blocks() -> None:
    """Blocks of subnormal, huge and no values come back within half a step of the coarsest gap."""
    x = torch.tensor([[1e-44, -7e-42, 3e-39, 2e-40], [3e38, -1e38, 2e38, 0.0], [0.0] * 4])
    codes, scales = quantize_nf4(x, 4)
    y = dequantize_nf4(codes, scales, 4)

    assert torch.equal(scales, x.abs().amax(1))
    assert codes[2].tolist() == [7] * 4
    assert bool(((x - y).abs() <= 0.16 * scales[:, None]).all())


@pytest.mark.parametrize(("shape", "block_size"), [((6, 8), 16), ((5, 7), 16), ((5, 7), 3), ((0, 4), 64)])
def test_results_are_written_where_asked(shape: tuple[int, ...], block_size: int) -> None:
    """`out` gets the same codes, scales and values, contiguous or not; another shape or dtype raises."""
    x = torch.randn(shape)
    codes, scales = quantize_nf4(x, block_size)
    into = torch.empty(shape[::-1], dtype=torch.uint8).T, torch.empty_like(scales)
    values = torch.empty(shape)
    got = quantize_nf4(x, block_size, out=into)

    assert got[0] is into[0]
    assert torch.equal(into[0], codes)
    assert torch.equal(into[1], scales)
    assert dequantize_nf4(codes, scales, block_size, out=values) is values
    assert torch.equal(values, dequantize_nf4(codes, scales, block_size))
    with pytest.raises(ValueError, match=r"out\[0\] is torch.float32"):
        quantize_nf4(x, block_size, out=(values, scales))
    with pytest.raises(ValueError, match="out is"):
        dequantize_nf4(codes, scales, block_size, out=values.double())


def test_on_another_device_shapes_are_the_same() -> None:
    """A tensor on `meta` gives codes and scales there: nothing is moved."""
    codes, scales = quantize_nf4(torch.empty(5, 30, device="meta"), 16)
    assert (codes.device.type, codes.shape, scales.shape) == ("meta", (5, 30), (10,))
    assert dequantize_nf4(codes, scales, 16).device.type == "meta"


def test_bits_per_weight_are_the_papers() -> None:
    """4.5 bits with float32 scales, 4.127 with doubly quantized ones: 0.373 less."""
    assert bits_per_weight() == 4.5
    assert bits_per_weight(double_quantized=True) == pytest.approx(4.127, abs=5e-4)
