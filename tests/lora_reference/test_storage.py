"""Packing and double quantization against bitsandbytes."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_reference import double_dequantize, double_quantize, pack_nf4, quantize_nf4, unpack_nf4
from lora_reference.storage import dynamic_map


@pytest.fixture(scope="module")
def bnb() -> object:
    return pytest.importorskip(
        "bitsandbytes.functional", reason="bitsandbytes is a development dependency: make setup"
    )


@settings(max_examples=40, deadline=None, database=None)
@given(st.lists(st.integers(0, 5), max_size=3), st.integers(0, 2**16))
def test_packing_keeps_every_code(shape: list[int], seed: int) -> None:
    """What is packed comes back, in half as many bytes, rounded up."""
    codes = torch.randint(0, 16, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(seed))
    packed = pack_nf4(codes)

    assert packed.shape == ((codes.numel() + 1) // 2,)
    assert torch.equal(unpack_nf4(packed, codes.shape), codes)


def test_packing_is_that_of_bitsandbytes(bnb: object) -> None:
    """The bytes of a quantized tensor are bitsandbytes', but for codes within rounding of a middle."""
    torch.manual_seed(0)
    x = torch.randn(64, 128)
    theirs, _ = bnb.quantize_4bit(x, blocksize=64, quant_type="nf4")  # type: ignore[attr-defined]

    assert torch.equal(pack_nf4(quantize_nf4(x)[0]), theirs.view(-1))


def test_what_cannot_be_packed_is_refused() -> None:
    """Codes of another dtype or above 15, and a number of bytes that does not fit, raise."""
    with pytest.raises(TypeError, match=r"torch\.int64"):
        pack_nf4(torch.zeros(4, dtype=torch.int64))
    with pytest.raises(ValueError, match="16"):
        pack_nf4(torch.tensor([1, 16], dtype=torch.uint8))
    with pytest.raises(ValueError, match="2 bytes, should have 3"):
        unpack_nf4(torch.zeros(2, dtype=torch.uint8), (5,))


def test_the_map_is_that_of_bitsandbytes(bnb: object) -> None:
    """256 ascending entries, 127 below 0, equal to bitsandbytes' within an ulp."""
    theirs = bnb.create_dynamic_map()  # type: ignore[attr-defined]
    assert dynamic_map().shape == (256,)
    assert int((dynamic_map() < 0).sum()) == 127
    torch.testing.assert_close(dynamic_map(), theirs.float(), rtol=2e-7, atol=0)


@pytest.mark.parametrize("kind", ["normal", "student", "constant", "zero"])
def test_scales_come_back_as_from_bitsandbytes(bnb: object, kind: str) -> None:
    """Doubly quantized scales equal bitsandbytes' but where a scale lies within its table's step of a middle."""
    torch.manual_seed(1)
    x = {
        "normal": torch.randn(1000, 256) * 0.02,
        "student": torch.randn(1000, 256) / torch.rand(1000, 256).clamp_min(0.01),
        "constant": torch.ones(1000, 256),
        "zero": torch.zeros(1000, 256),
    }[kind]
    scales = x.view(-1, 64).abs().amax(1)
    _, state = bnb.quantize_4bit(x, blocksize=64, quant_type="nf4", compress_statistics=True)  # type: ignore[attr-defined]
    theirs = bnb.dequantize_blockwise(state.absmax, state.state2) + state.offset  # type: ignore[attr-defined]
    ours = double_dequantize(double_quantize(scales))
    quantized = double_quantize(scales)
    y = (scales - quantized.mean) / quantized.scales.clamp_min(1e-30).repeat_interleave(256)[: len(scales)]
    entries = dynamic_map()
    near = (y[:, None] - (entries[1:] + entries[:-1]) / 2).abs().amin(1) < 2 / 65535

    torch.testing.assert_close(ours[~near], theirs[~near], rtol=1e-6, atol=1e-9)
    assert near.float().mean() < 0.02 or kind in ("constant", "zero")
    torch.testing.assert_close(quantized.scales, state.state2.absmax)
