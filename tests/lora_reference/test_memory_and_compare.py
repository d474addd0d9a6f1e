"""The memory table by other words, the task and the comparison by their relations."""

import pytest
import torch

from lora_reference import (
    SimpleTransformerBlock,
    calculate_memory_requirements,
    compare_target_modules,
    generate_synthetic_data,
)

SEVEN = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]


@pytest.mark.parametrize(
    ("precision", "full", "weights"),
    [("float32", 112, 28), ("float16", 56, 14), ("bfloat16", 56, 14), ("int8", 49, 7), ("int4", 45.5, 3.5)],
)
def test_a_model_of_seven_billion(precision: str, full: float, weights: float) -> None:
    """7B: weights, total, and adapters of 5.46875 million parameters, counted by hand."""
    result = calculate_memory_requirements(7, 16, 0.1, precision)
    adapters = 7e9 * 0.1 * 32 / 4096 * (4 if precision == "float32" else 2) / 1e9

    assert result["full_ft_total"] == pytest.approx(full)
    assert result["full_ft_weights"] == result["lora_weights"] == pytest.approx(weights)
    assert result["lora_adapters"] == pytest.approx(adapters)
    assert result["lora_total"] == pytest.approx(weights + 4 * adapters)
    assert result["memory_savings_ratio"] == pytest.approx((weights + 4 * adapters) / full)


@pytest.mark.parametrize("arguments", [(0,), (-1,), (7, -1), (7, 16, -0.1), (7, 16, 0.1, "float8")])
def test_what_makes_no_sense_raises(arguments: tuple[float, ...]) -> None:
    """Sizes that are not positive, negative ranks or ratios and other precisions raise ValueError."""
    with pytest.raises(ValueError, match=r"should (not )?be"):
        calculate_memory_requirements(*arguments)  # type: ignore[arg-type]


def test_the_same_seed_gives_the_same_data() -> None:
    """Samples follow torch's generator; what is to be learnt follows d_model alone."""
    torch.manual_seed(3)
    x, y = generate_synthetic_data()
    torch.manual_seed(3)
    again, _ = generate_synthetic_data()

    assert x.shape == y.shape == (128, 16, 256)
    assert torch.equal(x, again)
    update = (y - x).reshape(-1, 256)
    assert int((torch.linalg.svdvals(update) > 1e-3).sum()) == 8


def test_the_block_treats_tokens_alike() -> None:
    """Where tokens change places, outputs do too: the block has neither positions nor a mask."""
    torch.manual_seed(0)
    model, x = SimpleTransformerBlock(32, 4), torch.randn(2, 5, 32)
    order = torch.randperm(5)

    torch.testing.assert_close(model(x)[:, order], model(x[:, order]))


def test_the_comparison_learns_and_does_not_depend_on_order() -> None:
    """In 6 epochs the loss falls by at least 20 % for each choice of targets; the others listed change nothing."""
    first = compare_target_modules([SEVEN[:4], ["q_proj", "v_proj"], SEVEN], n_epochs=6)
    second = compare_target_modules([["q_proj", "v_proj"]], n_epochs=6)

    assert list(first) == ["+".join(SEVEN[:4]), "q_proj+v_proj", "+".join(SEVEN)]
    for entry in first.values():
        assert entry["final_loss"] == entry["losses"][-1] <= 0.8 * entry["losses"][0]
        assert len(entry["losses"]) == 6
    assert first["q_proj+v_proj"] == second["q_proj+v_proj"]
    assert first["q_proj+v_proj"]["trainable_params"] == 2 * 8 * (256 + 256)
