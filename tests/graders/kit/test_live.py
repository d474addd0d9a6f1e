"""`check("...")` in a notebook: the definitions that are there now, in the notebook's own process."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graders.grade import reference_submission

CODE = """
import sys
sys.path.insert(0, {kit!r})
import torch
from loralab_check import check
torch.manual_seed(7)
{body}
"""


def ran(kit: Path, tmp_path: Path, body: str) -> str:
    """What a script prints that stands for a notebook: its definitions are `__main__`'s."""
    script = tmp_path / "cells.py"
    script.write_text(CODE.format(kit=str(kit), body=body), encoding="utf-8")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, encoding="utf-8")
    assert done.stderr == ""
    return done.stdout


def test_live_definitions_are_checked(kit: Path, tmp_path: Path) -> None:
    """Right ones hold, a changed one is told, random numbers and the given code stay as they were."""
    files = {name: data.decode() for name, data in reference_submission("lora_theory").files.items()}
    selective = files["selective_injection.py"].rpartition('if __name__ == "__main__"')[0]
    lab = (kit / "lab.py").read_text(encoding="utf-8")
    body = "\n".join(
        [
            lab, files["nf4_quantization.py"], selective.replace("from lab import", "from lab import LoRALayer #"),
            "print(sys.modules.keys() & {'graders', 'lora_reference'})",
            "before, data, forward = torch.get_rng_state(), generate_synthetic_data, SimpleTransformerBlock.forward",
            'check("nf4_quantization")', 'check("selective_injection")',
            "print(torch.equal(before, torch.get_rng_state()), data is generate_synthetic_data, forward is SimpleTransformerBlock.forward)",
            "def quantize_nf4(tensor, block_size=64):\n    print('loud')\n    raise RuntimeError('no')",
            'check("nf4_quantization")',
        ]
    )  # fmt: skip
    out = ran(kit, tmp_path, body)

    assert out.startswith("set()\n")
    assert "✓ nf4_quantization   13 of 13 claims hold" in out
    assert "✓ selective_injection   21 of 21 claims hold" in out
    assert "True True True" in out
    assert "✗ Your code raised RuntimeError during quantize_nf4, in line" in out
    assert "raise RuntimeError('no')" in out
    assert "loud" not in out
    assert out.count("no promise") == 3


def test_what_is_not_there_yet_is_told_kindly(kit: Path, tmp_path: Path) -> None:
    """No definition, a stub, a stub beside an attempt, and a name that is no exercise."""
    stubs = {
        name: (kit / f"{name}.py").read_text(encoding="utf-8")
        for name in ("lora_with_bias", "nf4_quantization")
    }
    body = "\n".join(
        [
            'check("memory_calculation")', stubs["lora_with_bias"], 'check("lora_with_bias")', stubs["nf4_quantization"],
            "def quantize_nf4(tensor, block_size=64):\n    return 1", 'check("nf4_quantization")', 'check("nf5")',
        ]
    )  # fmt: skip
    out = ran(kit, tmp_path, body)

    assert "Not there yet: `calculate_memory_requirements`" in out
    assert "Not written yet: `LoRALayerWithBias`" in out
    assert "`dequantize_nf4` is not written yet" in out
    assert "✗ quantize_nf4 returned 1, should be a pair (codes, scales)" in out
    assert "There is no exercise 'nf5'" in out
