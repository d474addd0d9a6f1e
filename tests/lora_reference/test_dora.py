"""DoRA against PEFT, gradients included, and by its own formula."""

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lora_reference import DoRALayer, SimpleTransformerBlock, add_lora_to_model

SIZES = [(4, 3, 2), (7, 7, 3), (2, 9, 12), (16, 5, 1)]


def pair(
    d_in: int, d_out: int, rank: int, bias: bool = True, dropout: float = 0.0
) -> tuple[DoRALayer, nn.Module]:
    """Our layer and PEFT's with the same weights, factors and magnitudes that no longer are the norms."""
    peft = pytest.importorskip("peft", reason="peft is a development dependency: make setup")
    torch.manual_seed(d_in)
    model = nn.Sequential(nn.Linear(d_in, d_out, bias=bias)).double()
    ours = DoRALayer(copy.deepcopy(model[0]), rank, alpha=3.0, dropout=dropout)
    config = peft.LoraConfig(r=rank, lora_alpha=3, target_modules=["0"], lora_dropout=dropout, use_dora=True)
    theirs = peft.get_peft_model(model, config, autocast_adapter_dtype=False)
    layer = theirs.base_model.model[0]
    with torch.no_grad():
        ours.lora_B.normal_()
        ours.lora_magnitude.mul_(torch.linspace(0.5, 2, d_out, dtype=torch.float64))
        layer.lora_A["default"].weight.copy_(ours.lora_A)
        layer.lora_B["default"].weight.copy_(ours.lora_B)
        layer.lora_magnitude_vector["default"].weight.data = ours.lora_magnitude.detach().clone()
    return ours, layer


@pytest.mark.parametrize(("d_in", "d_out", "rank"), SIZES)
@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_forward_and_gradients_are_pefts(d_in: int, d_out: int, rank: int, dropout: float) -> None:
    """Output and the gradients of A, B, m and x equal PEFT's, with dropout too where it draws the same."""
    ours, theirs = pair(d_in, d_out, rank, dropout=dropout)
    x = torch.randn(5, d_in, dtype=torch.float64)
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    torch.manual_seed(1)
    y = ours.train()(mine)
    torch.manual_seed(1)
    z = theirs.train()(other)
    g = torch.randn_like(y)
    y.backward(g)
    z.backward(g)

    torch.testing.assert_close(y, z)
    torch.testing.assert_close(mine.grad, other.grad)
    torch.testing.assert_close(ours.lora_A.grad, theirs.lora_A["default"].weight.grad)
    torch.testing.assert_close(ours.lora_B.grad, theirs.lora_B["default"].weight.grad)
    torch.testing.assert_close(ours.lora_magnitude.grad, theirs.lora_magnitude_vector["default"].weight.grad)


@pytest.mark.parametrize(("d_in", "d_out", "rank"), SIZES)
def test_the_formula(d_in: int, d_out: int, rank: int) -> None:
    """y is (m / n) V x + b; merging gives that weight, and unmerging the old one bit for bit."""
    ours, theirs = pair(d_in, d_out, rank)
    x = torch.randn(5, d_in, dtype=torch.float64)
    W, b = ours.original_layer.weight.clone(), ours.original_layer.bias
    V = W + ours.scaling * ours.lora_B @ ours.lora_A
    want = F.linear(x, ours.lora_magnitude[:, None] * V / V.norm(dim=1, keepdim=True), b)
    torch.testing.assert_close(ours(x), want)
    ours.merge_weights()
    ours.merge_weights()
    theirs.merge()

    torch.testing.assert_close(ours(x), want)
    torch.testing.assert_close(ours.original_layer.weight, theirs.base_layer.weight)
    torch.testing.assert_close(ours.delta_weight(), ours.original_layer.weight - W)
    ours.unmerge_weights()
    assert torch.equal(ours.original_layer.weight, W)


def test_the_norm_is_held_constant() -> None:
    """A gradient through n would be another one: the test against PEFT can tell them apart."""
    ours, _ = pair(7, 7, 3)
    x = torch.randn(5, 7, dtype=torch.float64)
    ours(x).sum().backward()
    V = ours.original_layer.weight + ours.scaling * ours.lora_B @ ours.lora_A
    full: Tensor = F.linear(x, ours.lora_magnitude[:, None] * V / V.norm(dim=1, keepdim=True)).sum()
    (other,) = torch.autograd.grad(full, ours.lora_B)

    assert ours.lora_B.grad is not None
    assert (ours.lora_B.grad - other).norm() > 0.1 * other.norm()


@pytest.mark.parametrize("bias", [True, False])
def test_it_starts_as_the_old_layer(bias: bool) -> None:
    """At creation nothing changes, with rows of zeros and in training with dropout too; A, B and m train."""
    linear = nn.Linear(6, 4, bias=bias)
    with torch.no_grad():
        linear.weight[1] = 0
    x = torch.randn(3, 6)
    y = linear(x)
    layer = DoRALayer(linear, rank=2, dropout=0.5)
    torch.testing.assert_close(layer(x), y)
    assert [name for name, p in layer.named_parameters() if p.requires_grad] == [
        "lora_A",
        "lora_B",
        "lora_magnitude",
    ]
    layer(x).sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in layer.parameters() if p.grad is not None)


def test_it_is_injected_like_lora() -> None:
    """`add_lora_to_model` takes it as `layer_class`, on `meta` too."""
    with torch.device("meta"):
        model = add_lora_to_model(
            SimpleTransformerBlock(16, 2), layer_class=DoRALayer, target_modules=["q_proj"]
        )
    assert isinstance(model.q_proj, DoRALayer)
    assert model.q_proj.lora_magnitude.device.type == "meta"
