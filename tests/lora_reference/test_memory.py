"""Memory against published figures, and adapters of real shapes."""

import pytest
import torch

from lora_reference import LLAMA_7B, LLAMA_13B, LLAMA_70B, adapter_parameters, calculate_memory_requirements
from lora_reference.shapes import ALL_LINEAR

PUBLISHED = [  # convention, billions, GB of full fine-tuning, where
    ("mixed-16", 7.5, 120, "ZeRO, section 3.1"),
    ("mixed-16", 1.5, 24, "ZeRO, section 3.1: GPT-2"),
    ("mixed-18", 4, 72, "Hugging Face, GPU memory usage, without activations"),
    ("qlora-12", 65, 780, "QLoRA, abstract"),
]


@pytest.mark.parametrize(("convention", "size", "full", "where"), PUBLISHED)
def test_conventions_give_the_published_figures(
    convention: str, size: float, full: float, where: str
) -> None:
    """Full fine-tuning as published, exactly."""
    result = calculate_memory_requirements(size, precision="bfloat16", convention=convention)  # type: ignore[arg-type]
    assert result["full_ft_total"] == pytest.approx(full), where


@pytest.mark.parametrize(
    ("convention", "precision", "key", "factor"),
    [("mixed-18", "bfloat16", "full_ft_total", 18), ("pure", "bfloat16", "full_ft_total", 8),
     ("pure", "bfloat16", "lora_total", 2), ("pure", "int8", "lora_total", 1), ("pure", "int4", "lora_total", 0.5)],
)  # fmt: skip
def test_llama_factorys_table(convention: str, precision: str, key: str, factor: float) -> None:
    """Its rule of thumb, x parameters times 18, 8, 2, 1 and 1/2 bytes, within 2 % for 70B."""
    result = calculate_memory_requirements(70, precision=precision, convention=convention)  # type: ignore[arg-type]
    assert result[key] == pytest.approx(70 * factor, rel=0.02)


def test_65b_fits_below_48_gb() -> None:
    """The 4-bit base with its adapters stays below QLoRA's 48 GB."""
    assert calculate_memory_requirements(65, 64, precision="int4", convention="qlora-12")["lora_total"] < 48


def test_an_unknown_convention_is_refused() -> None:
    """The names are listed."""
    with pytest.raises(ValueError, match="pure, mixed-16, mixed-18, qlora-12"):
        calculate_memory_requirements(7, convention="mixed")  # type: ignore[arg-type]


def test_real_shapes() -> None:
    """Published sizes of Llama 2; adapters of rank 16 on 7B by hand: 8.39, 16.8 and 39.98 million."""
    assert LLAMA_7B.parameters == 6_738_415_616
    assert LLAMA_13B.parameters == 13_015_864_320
    assert LLAMA_70B.parameters == 68_976_648_192
    assert adapter_parameters(LLAMA_7B, 16, ["q_proj", "v_proj"]) == 8_388_608
    assert adapter_parameters(LLAMA_7B, 16) == 16_777_216
    assert adapter_parameters(LLAMA_7B, 16, ALL_LINEAR) == 39_976_960
    with pytest.raises(ValueError, match="'mlp'"):
        adapter_parameters(LLAMA_7B, 16, ["mlp"])


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
def test_a_gpu_allocates_what_is_estimated() -> None:
    """Weights, gradients and Adam's moments of a model in float32 come to the estimate of full fine-tuning."""
    torch.cuda.reset_peak_memory_stats()
    model = torch.nn.Sequential(*(torch.nn.Linear(2048, 2048, bias=False) for _ in range(8))).cuda()
    optimizer = torch.optim.AdamW(model.parameters(), foreach=False)
    for _ in range(2):
        optimizer.zero_grad()
        model(torch.ones(1, 2048, device="cuda")).sum().backward()
        optimizer.step()
    size = sum(p.numel() for p in model.parameters()) / 1e9
    estimate = calculate_memory_requirements(size)["full_ft_total"] * 1e9

    assert torch.cuda.max_memory_allocated() == pytest.approx(estimate, rel=0.25)
