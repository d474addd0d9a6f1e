"""Watching a comparison: alphas are measured, and memory is filled again once a block has run."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from graders.worker.watching import Record
from lora_reference import SimpleTransformerBlock, add_lora_to_model

FILLED = """
import torch
from types import SimpleNamespace
from graders.worker.watching import watch
import lora_reference.lab as given
lab = SimpleNamespace(SimpleTransformerBlock=given.SimpleTransformerBlock, generate_synthetic_data=given.generate_synthetic_data)
record = watch(lab)

def nobody_filled():
    made = torch.full((5000,), 3.0)
    del made
    return set(torch.empty(5000).view(torch.uint8).tolist()) == {0x7F}

within = []
class Block(lab.SimpleTransformerBlock):
    def attention(self, x):
        within.append(nobody_filled())
        return super().attention(x)

with record.call():
    Block()(torch.zeros(1, 2, 256))
    print(nobody_filled(), within)
Block()(torch.zeros(1, 2, 256))
print(nobody_filled(), within)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc fills memory")
def test_memory_is_filled_but_in_the_forward_pass_of_a_comparison() -> None:
    environment = {**os.environ, "MALLOC_PERTURB_": "128", "PYTHONPATH": os.pathsep.join(sys.path)}
    ran = subprocess.run(
        [sys.executable, "-c", FILLED], env=environment, capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["True [False]", "True [False, True]"]


@pytest.mark.parametrize("alpha", [1.0, 16.0])
def test_alphas_of_all_layers(alpha: float) -> None:
    block = SimpleTransformerBlock()
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    add_lora_to_model(block, rank=8, alpha=alpha, target_modules=targets)
    found = Record().alphas(block)
    assert found is not None
    assert sorted(found) == sorted(targets)
    assert found == pytest.approx(dict.fromkeys(targets, alpha), rel=1e-5)
