"""What holds for LoRA, DoRA and QLoRA layers of any sizes: shapes, dtypes, devices, and what training may change."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from lora_reference import DoRALayer, LoRALayer, QLoRALayer

LAYERS = (LoRALayer, DoRALayer, QLoRALayer)
sizes = st.integers(1, 9)
usual = settings(max_examples=40, deadline=None, derandomize=True)


def made(kind: Any, d_in: int, d_out: int, rank: int, bias: bool, **options: Any) -> Any:
    torch.manual_seed(0)
    layer = kind(nn.Linear(d_in, d_out, bias=bias), rank, 2.0, **options)
    with torch.no_grad():
        layer.lora_B.copy_(torch.randn(d_out, rank))
    return layer


@pytest.mark.parametrize("kind", LAYERS)
@usual
@given(d_in=sizes, d_out=sizes, rank=sizes, bias=st.booleans(), batch=st.lists(st.integers(0, 3), max_size=3))
def test_shapes(kind: Any, d_in: int, d_out: int, rank: int, bias: bool, batch: list[int]) -> None:
    """(..., in) becomes (..., out), whatever comes before; A is (rank, in), B is (out, rank), the update (out, in)."""
    layer = made(kind, d_in, d_out, rank, bias)
    assert layer(torch.randn(*batch, d_in)).shape == (*batch, d_out)
    assert (layer.lora_A.shape, layer.lora_B.shape) == ((rank, d_in), (d_out, rank))
    assert layer.delta_weight().shape == (d_out, d_in)


@pytest.mark.parametrize("kind", [LoRALayer, DoRALayer])
@usual
@given(
    d_in=sizes, d_out=sizes, rank=sizes, dtype=st.sampled_from([torch.float64, torch.bfloat16, torch.float16])
)
def test_dtypes(kind: Any, d_in: int, d_out: int, rank: int, dtype: torch.dtype) -> None:
    """In the dtype that it is moved to it works and is merged; unmerged, the weight is what it was, bit for bit."""
    layer = made(kind, d_in, d_out, rank, True).to(dtype)
    before = layer.pretrained_weight.clone()
    assert layer(torch.randn(2, d_in, dtype=dtype)).dtype == dtype
    layer.merge_weights()
    assert layer(torch.randn(2, d_in, dtype=dtype)).dtype == dtype
    layer.unmerge_weights()
    assert torch.equal(layer.pretrained_weight, before)


@pytest.mark.parametrize("kind", LAYERS)
@usual
@given(d_in=sizes, d_out=sizes, rank=sizes, bias=st.booleans(), train_bias=st.booleans())
def test_every_parameter_follows_to_another_device(
    kind: Any, d_in: int, d_out: int, rank: int, bias: bool, train_bias: bool
) -> None:
    """After a move all is there: parameters, buffers, and what comes out (`meta` is a device on every machine)."""
    layer = made(kind, d_in, d_out, rank, bias, train_bias=train_bias).to("meta")
    assert {t.device.type for t in [*layer.parameters(), *layer.buffers()]} == {"meta"}
    assert layer(torch.empty(2, d_in, device="meta")).shape == (2, d_out)


@pytest.mark.parametrize("kind", LAYERS)
@usual
@given(d_in=sizes, d_out=sizes, rank=sizes, bias=st.booleans(), train_bias=st.booleans())
def test_a_step_changes_what_is_trained_and_nothing_else(
    kind: Any, d_in: int, d_out: int, rank: int, bias: bool, train_bias: bool
) -> None:
    """The factors, DoRA's magnitudes and, where asked for, the bias: all else is equal after a step."""
    layer = made(kind, d_in, d_out, rank, bias, train_bias=train_bias)
    trained = {name for name, p in layer.named_parameters() if p.requires_grad}
    assert any(name.endswith("bias") for name in trained) == (bias and train_bias)
    before = {name: t.clone() for name, t in layer.state_dict().items()}
    layer(torch.randn(3, d_in)).pow(2).sum().backward()
    torch.optim.SGD([p for p in layer.parameters() if p.requires_grad], lr=0.1).step()
    changed = {name for name, t in layer.state_dict().items() if not torch.equal(t, before[name])}
    assert changed <= trained
    assert {"lora_A", "lora_B"} <= trained
