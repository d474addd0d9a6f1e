"""Fine-tunes the encoder in each way, each in a process of its own, and puts the figures side by side."""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

import torch
import torch.nn.functional as F

from lora_reference.minilm.model import Classifier, encode, prepared
from lora_reference.minilm.task import MODULES, standard_library_sentences
from lora_reference.minilm.updates import facts_of, weights_of
from lora_reference.training import train

__all__ = ["FAST", "FULL", "Setting", "as_json", "as_markdown", "compare_methods", "fine_tune"]

# Found on the training sentences alone; "LoRA wants about ten times the rate of full fine-tuning".
RATES = {"frozen": 1e-2, "full": 1e-4, "lora": 1e-3, "dora": 1e-3}


@dataclass(frozen=True)
class Setting:
    """How much of the task, and for how long."""

    methods: tuple[str, ...]
    per_module: int  # sentences
    length: int  # tokens
    n_epochs: int
    batch_size: int = 16
    spectra: int = 36  # layers whose updates are looked at, from the first block on


FAST = Setting(("full", "lora-4"), per_module=4, length=16, n_epochs=1, spectra=6)
FULL = Setting(
    ("frozen", "full", "lora-1", "lora-4", "lora-16", "dora-4"), per_module=80, length=32, n_epochs=5
)


def fine_tune(method: str, setting: Setting, seed: int = 0) -> dict[str, Any]:
    """One method: held-out accuracy, trainable parameters, CPU seconds, memory, and facts about each layer's update."""
    torch.manual_seed(seed)
    texts, held_out = standard_library_sentences(setting.per_module)
    x, x_held = (encode(side.texts, setting.length) for side in (texts, held_out))  # (n, T)
    y, y_held = (torch.tensor(side.labels) for side in (texts, held_out))
    model = prepared(method, seed)
    before = dict(islice(weights_of(model).items(), setting.spectra))
    loaded, start = peak_megabytes(), time.process_time()
    history = train(
        model, x, y, n_epochs=setting.n_epochs, batch_size=setting.batch_size, loss=F.cross_entropy, seed=seed,
        learning_rate=RATES[method.partition("-")[0]],
    )  # fmt: skip
    seconds, peak = time.process_time() - start, peak_megabytes()
    return {
        "method": method,
        "training_sentences": len(y),
        "held_out_sentences": len(y_held),
        "classes": len(MODULES),
        "accuracy": accuracy(model, x_held, y_held),
        "training_loss": history.losses[-1],
        "trainable_params": history.trainable_params,
        "seconds": round(seconds, 1),
        "peak_mb": round(peak),
        "training_mb": round(peak - loaded),
        "updates": []
        if method == "frozen"
        else [asdict(fact) for fact in facts_of(before, weights_of(model), seed)],
    }


@torch.no_grad()
def accuracy(model: Classifier, x: torch.Tensor, y: torch.Tensor) -> float:
    """The share of sentences whose module is found."""
    model.eval()
    right = sum(int((model(a).argmax(1) == b).sum()) for a, b in zip(x.split(64), y.split(64), strict=True))
    return right / len(y)


def peak_megabytes() -> float:
    """The most memory that this process has held, in MB of 1e6 bytes (Linux counts in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def compare_methods(setting: Setting, seed: int = 0) -> list[dict[str, Any]]:
    """Every method of the setting, one after the other, each in a fresh process so that its peak memory is its own."""
    context = multiprocessing.get_context("spawn")
    results = []
    for method in setting.methods:
        with context.Pool(1) as pool:
            results.append(pool.apply(fine_tune, (method, setting, seed)))
    return results


def as_json(results: list[dict[str, Any]]) -> str:
    """The results as JSON."""
    return json.dumps(results, indent=1) + "\n"


def as_markdown(results: list[dict[str, Any]]) -> str:
    """The results as tables: the methods side by side, then the spectra of the updates, averaged over layers."""
    lines = ["| method | held-out accuracy | trained parameters | CPU seconds | memory of training, MB | intruders among 10, mean |",
             "|---|---|---|---|---|---|"]  # fmt: skip
    for r in results:
        intruders = f"{mean([u['intruders'] for u in r['updates']]):.1f}" if r["updates"] else "–"
        lines.append(
            f"| {r['method']} | {r['accuracy']:.1%} ± {standard_error(r):.1%} | {r['trainable_params']:,} | {r['seconds']:.0f} | {r['training_mb']} | {intruders} |"
        )
    lines += [
        "",
        "| update of | stable rank | random | missed at rank 1 | 4 | 16 | 64 | random at 16 |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for r in results:
        if r["updates"]:
            us = r["updates"]
            errors = " | ".join(f"{mean([at(u['errors'], k) for u in us]):.0%}" for k in (1, 4, 16, 64))
            lines.append(
                f"| {r['method']} | {mean([u['stable_rank'] for u in us]):.1f} | {mean([u['random_stable_rank'] for u in us]):.0f} "
                f"| {errors} | {mean([at(u['random_errors'], 16) for u in us]):.0%} |"
            )
    return "\n".join(lines) + "\n"


def standard_error(result: dict[str, Any]) -> float:
    """Of the held-out accuracy: sqrt(p (1 - p) / n)."""
    p: float = result["accuracy"]
    return float((p * (1 - p) / result["held_out_sentences"]) ** 0.5)


def at(errors: dict[Any, float], rank: int) -> float:
    """The error of a rank; JSON has made its key a text."""
    return errors[rank] if rank in errors else errors[str(rank)]


def mean(values: list[float]) -> float:
    return sum(values) / len(values)
