"""LoRALayer and injection against PEFT, NumPy and the formula."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from lora_reference import LoRALayer, LoRALayerNumPy, SimpleTransformerBlock, add_lora_to_model

SIZES = [(4, 3, 2), (7, 7, 3), (2, 9, 12), (16, 5, 1)]


def pair(d_in: int, d_out: int, rank: int, dtype: torch.dtype = torch.float64) -> tuple[LoRALayer, nn.Module]:
    """Our layer and PEFT's with the same weights and factors, alpha 3."""
    peft = pytest.importorskip("peft", reason="peft is a development dependency: make setup")
    torch.manual_seed(d_in)
    model = nn.Sequential(nn.Linear(d_in, d_out)).to(dtype)
    ours = LoRALayer(copy.deepcopy(model[0]), rank, alpha=3.0)
    config = peft.LoraConfig(r=rank, lora_alpha=3, target_modules=["0"], lora_dropout=0.0)
    theirs = peft.get_peft_model(model, config, autocast_adapter_dtype=False)
    layer = theirs.base_model.model[0]
    with torch.no_grad():
        ours.lora_B.normal_()
        layer.lora_A["default"].weight.copy_(ours.lora_A)
        layer.lora_B["default"].weight.copy_(ours.lora_B)
    return ours, layer


@pytest.mark.parametrize(("d_in", "d_out", "rank"), SIZES)
def test_forward_and_gradients_are_pefts(d_in: int, d_out: int, rank: int) -> None:
    """Output, and the gradients of A, B and x, equal PEFT's within rounding."""
    ours, theirs = pair(d_in, d_out, rank)
    x = torch.randn(5, d_in, dtype=torch.float64)
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    y, z = ours(mine), theirs(other)
    g = torch.randn_like(y)
    y.backward(g)
    z.backward(g)

    torch.testing.assert_close(y, z)
    torch.testing.assert_close(mine.grad, other.grad)
    torch.testing.assert_close(ours.lora_A.grad, theirs.lora_A["default"].weight.grad)
    torch.testing.assert_close(ours.lora_B.grad, theirs.lora_B["default"].weight.grad)


@pytest.mark.parametrize(("d_in", "d_out", "rank"), SIZES)
def test_merged_weights_are_pefts_and_numpys(d_in: int, d_out: int, rank: int) -> None:
    """Merging gives PEFT's weight and that of the NumPy layer."""
    ours, theirs = pair(d_in, d_out, rank)
    plain = LoRALayerNumPy(ours.original_layer.weight.numpy().copy(), rank, alpha=3.0)
    plain.A, plain.B = ours.lora_A.detach().numpy(), ours.lora_B.detach().numpy()
    ours.merge_weights()
    theirs.merge()

    torch.testing.assert_close(ours.original_layer.weight, theirs.base_layer.weight)
    np.testing.assert_allclose(plain.get_merged_weights(), ours.original_layer.weight.numpy(), rtol=1e-12)


def test_merging_twice_and_unmerging_twice_is_harmless() -> None:
    """Merge and unmerge may be called in any order; the weight comes back bit for bit."""
    layer = LoRALayer(nn.Linear(6, 5), rank=2, alpha=4.0)
    nn.init.normal_(layer.lora_B)
    x, weight = torch.randn(3, 6), layer.original_layer.weight.clone()
    y = layer(x)
    layer.unmerge_weights()
    layer.merge_weights()
    layer.merge_weights()

    assert layer.merged
    torch.testing.assert_close(layer(x), y)
    layer.unmerge_weights()
    layer.unmerge_weights()
    assert torch.equal(layer.original_layer.weight, weight)
    assert torch.equal(layer(x), y)


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16])
def test_factors_are_made_in_the_layers_dtype_on_its_device(dtype: torch.dtype) -> None:
    """A bfloat16 layer gets bfloat16 factors, a layer on `meta` gets them there."""
    layer = LoRALayer(nn.Linear(4, 3, dtype=dtype))
    assert layer.lora_A.dtype == layer.lora_B.dtype == dtype
    assert layer(torch.ones(2, 4, dtype=dtype)).dtype == dtype
    assert LoRALayer(nn.Linear(4, 3, device="meta")).lora_A.device.type == "meta"


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("train_bias", [True, False])
def test_what_trains(bias: bool, train_bias: bool) -> None:
    """The factors train, and the bias exactly under `train_bias` where there is one."""
    layer = LoRALayer(nn.Linear(4, 3, bias=bias), rank=2, train_bias=train_bias)
    names = {name for name, p in layer.named_parameters() if p.requires_grad}

    assert names == {"lora_A", "lora_B"} | ({"original_layer.bias"} if bias and train_bias else set())
    assert layer.trainable_params == 2 * (4 + 3) + (3 if bias and train_bias else 0)
    assert layer.total_params == 2 * (4 + 3) + 12 + (3 if bias else 0)


def test_scaling_may_be_rank_stabilised() -> None:
    """s is alpha / rank, or alpha / sqrt(rank)."""
    assert LoRALayer(nn.Linear(4, 3), rank=16, alpha=16).scaling == 1.0
    assert LoRALayer(nn.Linear(4, 3), rank=16, alpha=16, use_rslora=True).scaling == 4.0


def test_dropout_acts_on_the_input_of_the_update_in_training_only() -> None:
    """In training mode dropped inputs miss in the update, never in the base path."""
    layer = LoRALayer(nn.Linear(4, 3), rank=1, dropout=0.5)
    nn.init.ones_(layer.lora_B)
    x = torch.ones(64, 4)
    base = layer.original_layer(x)
    assert torch.equal(layer.eval()(x), layer(x))
    assert len(torch.unique((layer.train()(x) - base).round(decimals=4))) > 3
    nn.init.zeros_(layer.lora_B)
    assert torch.equal(layer(x), base)


@pytest.mark.parametrize(("arguments", "error"), [({"rank": 0}, ValueError), ({"dropout": 1.5}, ValueError)])
def test_arguments_that_make_no_sense_are_refused(
    arguments: dict[str, float], error: type[Exception]
) -> None:
    """A rank below 1 or a dropout above 1 raises."""
    with pytest.raises(error):
        LoRALayer(nn.Linear(4, 3), **arguments)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        LoRALayer(nn.LayerNorm(4))  # type: ignore[arg-type]


def test_injection_wraps_what_matches_and_freezes_the_rest() -> None:
    """Only factors train, the output stays, other modules are the same objects."""
    model = SimpleTransformerBlock(16, 2)
    x, norm = torch.randn(2, 3, 16), model.norm1
    y = model(x)
    assert add_lora_to_model(model, target_modules=["q_proj", "v_proj"]) is model
    assert {name for name, p in model.named_parameters() if p.requires_grad} == {
        f"{name}.lora_{letter}" for name in ("q_proj", "v_proj") for letter in "AB"
    }
    assert model.norm1 is norm
    torch.testing.assert_close(model(x), y)


def test_injection_refuses_nesting_and_targets_that_match_nothing() -> None:
    """A second call raises and changes nothing; so do targets without a match."""
    model = add_lora_to_model(SimpleTransformerBlock(16, 2))
    before = [name for name, _ in model.named_parameters()]
    with pytest.raises(ValueError, match="already"):
        add_lora_to_model(model)
    assert [name for name, _ in model.named_parameters()] == before
    with pytest.raises(ValueError, match=r"no nn\.Linear"):
        add_lora_to_model(SimpleTransformerBlock(16, 2), target_modules=["nothing"])
