"""Putting adapters into a model."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from torch import nn

from lora_reference import lab
from lora_reference.layers import LoRALayer

__all__ = ["add_lora_to_model"]

Model = TypeVar("Model", bound=nn.Module)


def add_lora_to_model(
    model: Model,
    rank: int = 8,
    alpha: float = 16,
    target_modules: Sequence[str] = ("q_proj", "k_proj", "v_proj", "o_proj"),
    *,
    dropout: float = 0.0,
    layer_class: Callable[..., nn.Module] = LoRALayer,
    **options: object,
) -> Model:
    """Freeze `model`, wrap its `nn.Linear` layers that match `target_modules`, and return the same model.

    A layer matches when one of the patterns is part of its dotted name, so a dotted suffix ("mlp.up_proj") and
    the last component ("up_proj") do too. Other modules are left as they are, even with a matching name. An
    empty list wraps nothing. Each wrapped layer is `layer_class(layer, rank, alpha, dropout, **options)`, in the
    layer's own train or eval mode; one layer under two names (tied weights) gets one adapter.

    Raises TypeError for a string in place of the list, ValueError when nothing matches, and when the model holds
    LoRA layers already (nested adapters would be scaled and merged wrongly).
    """
    if isinstance(target_modules, str):
        raise TypeError(f"target_modules = {target_modules!r}, should be a list: [{target_modules!r}]")
    refuse_nesting(model)
    layers = matching_layers(model, target_modules)
    if target_modules and not layers:
        raise ValueError(
            f"no nn.Linear of the model matches {list(target_modules)}; {names_of_layers(model)}"
        )

    model.requires_grad_(False)
    adapters: dict[nn.Linear, nn.Module] = {}
    for name, layer in layers:
        if layer not in adapters:
            adapters[layer] = layer_class(layer, rank, alpha, dropout, **options).train(layer.training)
        parent, _, child = name.rpartition(".")
        setattr(model.get_submodule(parent), child, adapters[layer])
    return model


def matching_layers(model: nn.Module, patterns: Sequence[str]) -> list[tuple[str, nn.Linear]]:
    """Every name that holds one of the patterns, with its `nn.Linear`."""
    return [
        (name, module)
        for name, module in model.named_modules(remove_duplicate=False)
        if isinstance(module, nn.Linear) and name and any(pattern in name for pattern in patterns)
    ]


def refuse_nesting(model: nn.Module) -> None:
    wrapped = [name for name, module in model.named_modules() if isinstance(module, lab.LoRALayer)]
    if wrapped:
        raise ValueError(f"the model holds LoRA layers already: {', '.join(map(repr, wrapped))}")


def names_of_layers(model: nn.Module) -> str:
    names = [name for name, module in model.named_modules() if isinstance(module, nn.Linear)]
    shown = ", ".join(names[:10]) + (", ..." if len(names) > 10 else "")
    return f"its nn.Linear layers are {shown}" if names else "it has no nn.Linear"
