"""Puts LoRA layers into a model."""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn

from lora_reference.layers import LoRALayer

__all__ = ["ATTENTION", "add_lora_to_model", "matches"]

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")


def matches(name: str, targets: Sequence[str]) -> bool:
    """Whether a dotted name contains a target (the lab's rule; PEFT's dotted suffix is a case of it)."""
    return any(target in name for target in targets)


def add_lora_to_model(
    model: nn.Module,
    rank: int = 8,
    alpha: float = 16,
    target_modules: Sequence[str] | None = ATTENTION,
    dropout: float = 0.0,
) -> nn.Module:
    """Freeze the whole model, wrap every `nn.Linear` whose dotted name matches a target, return the same model.

    `None` means the four attention projections; an empty list wraps nothing. Afterwards the factors are all that
    trains. Modules of other kinds are left as they are. Raises ValueError where targets match nothing, and where
    the model has LoRA layers already (they would be nested).
    Source: Hu et al. 2021, arXiv 2106.09685, section 4.2 (which weights to adapt).
    """
    targets = ATTENTION if target_modules is None else target_modules
    wrapped = [name for name, module in model.named_modules() if isinstance(module, LoRALayer)]
    if wrapped:
        raise ValueError(f"`{wrapped[0] or 'the model'}` is a LoRA layer already: adapters are not nested")
    names = [
        name
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and name and matches(name, targets)
    ]
    if targets and not names:
        raise ValueError(f"no nn.Linear's name matches {list(targets)}")
    model.requires_grad_(False)
    for name in names:
        parent, _, child = name.rpartition(".")
        layer = model.get_submodule(name)
        assert isinstance(layer, nn.Linear)
        setattr(model.get_submodule(parent), child, LoRALayer(layer, rank, alpha, dropout))
    return model
