"""Grades the comparison of the reference solution at other learning rates, batch sizes and orders: all are right.

python -m tests.sweep
"""

from __future__ import annotations

import itertools
import sys

from graders.grade import reference_submission
from graders.judge.box import Box
from graders.settings import Settings
from tests.graders.grading import EXERCISES, grade_text, lost

RATES = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2)
BATCHES = (1, 8, 32, 128)
ORDERS = {"in order": "", "shuffled": "; order = torch.randperm(len(x)); x, y = x[order], y[order]"}
OPTIMIZERS = ("AdamW", "SGD")
DIVERGES = [("AdamW", 1e-2, 1)]  # its losses rise from 0.09 to 43, which the contract rules out


def variant(rate: float, batch: int, order: str, optimizer: str) -> bytes:
    """The reference solution with another training loop."""
    text = reference_submission("lora_theory").files["selective_injection.py"].decode()
    changes = [
        ("torch.optim.AdamW(adapters, lr=1e-3)", f"torch.optim.{optimizer}(adapters, lr={rate})"),
        ("split(32)", f"split({batch})"),
        ("batch_losses = []", f"batch_losses = []{order}"),
    ]
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text.encode()


def main() -> int:
    """Print each variant that loses points. 0 if none does."""
    unfair, count = 0, 0
    with Box("auto") as box:
        for rate, batch, order, optimizer in itertools.product(RATES, BATCHES, ORDERS, OPTIMIZERS):
            if (optimizer, rate, batch) in DIVERGES:
                continue
            text = variant(rate, batch, ORDERS[order], optimizer)
            report = grade_text(EXERCISES["selective_injection"], text, box, Settings(), "verdicts")
            count += 1
            unfair += report.score != report.max_score
            if report.score != report.max_score:
                print(
                    f"{optimizer} at {rate}, batches of {batch}, {order}: {'; '.join(lost(report))}",
                    flush=True,
                )
    print(f"{count} training loops, {unfair} lost points")
    return 1 if unfair else 0


if __name__ == "__main__":
    sys.exit(main())
