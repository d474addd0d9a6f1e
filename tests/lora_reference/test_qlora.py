"""QLoRA against the formula on its dequantized weight, and against bitsandbytes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from lora_reference import NF4Linear, QLoRALayer, SimpleTransformerBlock, add_lora_to_model


def layer(dtype: torch.dtype = torch.float32, **options: object) -> QLoRALayer:
    torch.manual_seed(0)
    made = QLoRALayer(nn.Linear(128, 96), rank=4, alpha=8, dtype=dtype, **options)  # type: ignore[arg-type]
    nn.init.normal_(made.lora_B, std=0.02)
    return made


def test_forward_and_gradients_are_the_formulas() -> None:
    """y = W4 x + b + s B A x, with the gradients of A, B and x; W4 is kept for neither pass."""
    made, x = layer(), torch.randn(5, 128)
    W, b = made.pretrained_weight, made.base.bias
    mine, other = x.clone().requires_grad_(), x.clone().requires_grad_()
    A, B = (factor.detach().clone().requires_grad_() for factor in (made.lora_A, made.lora_B))
    want = F.linear(other, W, b) + 2 * other @ A.T @ B.T
    y = made(mine)
    g = torch.randn_like(y)
    y.backward(g)
    want.backward(g)

    torch.testing.assert_close(y, want)
    torch.testing.assert_close(mine.grad, other.grad)
    torch.testing.assert_close(made.lora_A.grad, A.grad)
    torch.testing.assert_close(made.lora_B.grad, B.grad)
    assert {name for name, p in made.named_parameters() if p.requires_grad} == {"lora_A", "lora_B"}


def test_the_base_is_that_of_bitsandbytes() -> None:
    """The dequantized weight is bitsandbytes' but for the rounding of doubly quantized scales, and so is y."""
    bnb = pytest.importorskip("bitsandbytes", reason="bitsandbytes is a development dependency: make setup")
    torch.manual_seed(0)
    linear = nn.Linear(256, 256)
    x = torch.randn(4, 256)
    theirs = bnb.nn.Linear4bit(
        256, 256, quant_type="nf4", compress_statistics=True, compute_dtype=torch.float32
    )
    theirs.load_state_dict(linear.state_dict())
    theirs = theirs.to("cpu")
    with torch.no_grad():
        torch.testing.assert_close(NF4Linear(linear)(x), theirs(x), rtol=0, atol=2e-3)


def test_dtypes() -> None:
    """Factors are bfloat16 by default, y has x's dtype, and moving to bfloat16 leaves the 4-bit weight exact."""
    made, x = layer(torch.bfloat16), torch.randn(3, 128)
    W = made.pretrained_weight
    assert made.lora_A.dtype == made.lora_B.dtype == torch.bfloat16
    assert made(x).dtype == torch.float32
    torch.testing.assert_close(
        made(x), F.linear(x, W + made.delta_weight().float(), made.base.bias), rtol=0.02, atol=0.02
    )
    assert torch.equal(made.to(torch.bfloat16).pretrained_weight, W)
    assert made.base.packed.numel() == 128 * 96 / 2


def test_merging_says_what_it_does() -> None:
    """Merging rounds and warns; unmerging puts the codes back; `merged_linear` loses nothing."""
    made, x = layer(), torch.randn(3, 128)
    y, W = made(x), made.pretrained_weight
    torch.testing.assert_close(made.merged_linear()(x), y)
    with pytest.warns(UserWarning, match="merging into 4 bits rounds by"):
        made.merge_weights()
    made.merge_weights()
    assert made.merged
    assert torch.equal(made.pretrained_weight, W)
    assert 0 < (made(x) - y).norm() < 0.2 * y.norm()
    torch.testing.assert_close(made.merged_linear()(x), y)
    made.unmerge_weights()
    made.unmerge_weights()
    assert torch.equal(made(x), y)


def test_it_is_saved_loaded_and_injected() -> None:
    """Its state dict holds codes and factors, and gives the same layer again."""
    made, other = layer(), QLoRALayer(nn.Linear(128, 96), rank=4, alpha=8, dtype=torch.float32)
    other.load_state_dict(made.state_dict())
    x = torch.randn(2, 128)
    assert torch.equal(made(x), other(x))
    model = add_lora_to_model(
        SimpleTransformerBlock(64, 4), layer_class=QLoRALayer, target_modules=["q_proj"]
    )
    assert isinstance(model.q_proj, QLoRALayer)
    assert model(torch.randn(1, 3, 64)).shape == (1, 3, 64)
