"""What the formula of `LoRALayerWithBias` gives in a case, as facts."""

from __future__ import annotations

import torch
from torch import Tensor

from graders.exercise import Case, Seen
from graders.exercises.lora_with_bias.layer import ALPHA_ROUNDING, Formula, layer
from graders.kit.recording import Fact, fact


class Values:
    """Facts that values are close to what the formula gives, with its bounds on rounding."""

    def __init__(self, case: Case) -> None:
        self.formula: Formula = layer.oracle(case, Seen({}))
        self.case = case
        scale = torch.tensor(self.formula.scale, dtype=torch.float32)
        self.alpha_rounding = 0.0 if float(scale) == self.formula.scale else ALPHA_ROUNDING

    def fact(
        self, name: str, at: str, called: str, value: tuple[Tensor, ...], note: str, slack: float = 2.0
    ) -> Fact:
        """`value` is what it should be, and M; the bound is the largest of its entries."""
        want, size = value[0], value[1]
        unit = 2.0**-24 if self.case["dtype"] == "float32" else 2.0**-53
        bound = slack * (self.formula.bound(size, unit=unit) + self.alpha_rounding * self.lora(value))
        most = float(bound.max()) if bound.numel() else 0.0
        return fact("close", name, at, called, want=want, absolute=most, note=note)

    @staticmethod
    def lora(value: tuple[Tensor, ...]) -> Tensor:
        """The LoRA term's M: `alpha / rank` may be held in float32."""
        return value[2] if len(value) > 2 else torch.zeros_like(value[0])
