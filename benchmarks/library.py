"""`lora_reference` beside bitsandbytes, torchao and PEFT: CPU seconds, interleaved in one run, as ratios of medians."""

from __future__ import annotations

import copy
import statistics
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lora_reference import (
    LoRALayer,
    SimpleTransformerBlock,
    add_lora_to_model,
    dequantize_nf4,
    quantize_nf4,
    train,
)

TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]
Contest = dict[str, Callable[[], object]]


def interleaved(contest: Contest, rounds: int) -> dict[str, float]:
    """Median CPU seconds of each, after one warm-up, taking turns."""
    times: dict[str, list[float]] = {name: [] for name in contest}
    for turn in range(rounds + 1):
        for name, run in contest.items():
            start = time.process_time()
            run()
            if turn:
                times[name].append(time.process_time() - start)
    return {name: statistics.median(values) for name, values in times.items()}


def show(title: str, contest: Contest, rounds: int) -> None:
    """Each one's milliseconds, and how they compare with the first."""
    medians = interleaved(contest, rounds)
    first = next(iter(medians.values()))
    parts = (f"{name} {1000 * value:.1f} ms ({value / first:.2f})" for name, value in medians.items())
    print(f"  {title}: {', '.join(parts)}")


def nf4(size: int = 4096) -> None:
    """Quantizing and dequantizing a matrix (goals: a tenth of bitsandbytes' time, no more than its time with `out=`)."""
    import bitsandbytes.functional as bnb

    x = torch.randn(size, size)
    codes, scales = quantize_nf4(x)
    packed, state = bnb.quantize_4bit(x, blocksize=64, quant_type="nf4")
    out = torch.empty_like(x)
    forth: Contest = {
        "bitsandbytes": lambda: bnb.quantize_4bit(x, blocksize=64, quant_type="nf4"),
        "lora_reference": lambda: quantize_nf4(x),
    }
    back: Contest = {
        "bitsandbytes": lambda: bnb.dequantize_4bit(packed, state),
        "lora_reference": lambda: dequantize_nf4(codes, scales),
        "lora_reference with out=": lambda: dequantize_nf4(codes, scales, out=out),
    }
    try:
        from torchao.quantization.quantize_.workflows.nf4.nf4_tensor import to_nf4
    except ImportError:
        print("  torchao is not installed (pip install torchao), so it is left out")
    else:
        theirs = to_nf4(x)
        forth["torchao (quantizes scales too)"] = lambda: to_nf4(x)
        back["torchao (quantizes scales too)"] = lambda: theirs.get_original_weight()
    show(f"NF4, quantize {size} x {size}", forth, 5)
    show(f"NF4, dequantize {size} x {size}", back, 5)


def layers(size: int = 2048, rank: int = 16) -> None:
    """One layer forward, and forward and backward, at two batch sizes (goal: no slower than PEFT)."""
    import peft

    linear = nn.Linear(size, size)
    merged = copy.deepcopy(linear).requires_grad_(False)
    ours = LoRALayer(copy.deepcopy(linear), rank, alpha=rank)
    config = peft.LoraConfig(r=rank, lora_alpha=rank, target_modules=["0"])
    theirs = peft.get_peft_model(nn.Sequential(linear), config).base_model.model[0]

    def forward(layer: nn.Module, x: Tensor) -> None:
        with torch.no_grad():
            layer(x)

    def both(layer: nn.Module, x: Tensor) -> None:
        layer(x.requires_grad_(True)).sum().backward()

    for batch in (8, 512):
        x = torch.randn(batch, size)
        for name, run in (("forward", forward), ("forward and backward", both)):
            contest: Contest = {
                "merged linear": lambda run=run, x=x: run(merged, x),  # type: ignore[misc]
                "PEFT": lambda run=run, x=x: run(theirs, x),  # type: ignore[misc]
                "lora_reference": lambda run=run, x=x: run(ours, x),  # type: ignore[misc]
            }
            show(f"LoRA layer of {size}, batch {batch}, {name}", contest, 15)


def training(n_epochs: int = 10) -> None:
    """`train` on the lab's block against the same loop written out, with PEFT's adapters."""
    import peft

    x = torch.randn(128, 16, 256)

    def ours() -> None:
        train(add_lora_to_model(SimpleTransformerBlock(), 8, 16, TARGETS), x, x, n_epochs=n_epochs)

    def plain() -> None:
        config = peft.LoraConfig(r=8, lora_alpha=16, target_modules=TARGETS)
        model: Any = peft.get_peft_model(SimpleTransformerBlock(), config)
        optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
        for _ in range(n_epochs):
            for batch in torch.randperm(len(x)).split(32):
                loss = F.mse_loss(model(x[batch]), x[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()

    show(f"training {n_epochs} epochs", {"plain loop with PEFT": plain, "train": ours}, 5)


def library() -> None:
    """All of it."""
    print("lora_reference (CPU time; in brackets relative to the first)")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        nf4()
        layers()
        training()
