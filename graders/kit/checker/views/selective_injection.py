"""What is looked at of `add_lora_to_model_selective` and `compare_target_modules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from . import View
from .comparison import COMPARISON

Values = Mapping[str, Any]


def _layers(seen: Values) -> dict[str, dict[str, list[int]]]:
    """Name of a module there was before -> letter -> sorted shape of its factors."""
    modules, found = [name for name in seen["modules before"] if name], dict[str, dict[str, list[int]]]()
    for name, (shape, _, letter) in seen["parameters"].items():
        if letter:
            owner = max((item for item in modules if name.startswith(f"{item}.")), key=len, default="")
            found.setdefault(owner, {})[letter] = sorted(shape)
    return found


def _linear(seen: Values, name: str) -> bool:
    return bool(seen["modules before"].get(name, [0, False])[1])


def layers(arguments: Values, seen: Values) -> list[str]:
    """The modules that have factors, sorted."""
    return sorted(_layers(seen))


def linear_layers(arguments: Values, seen: Values) -> list[str]:
    """The `nn.Linear` layers that have factors, sorted."""
    return [name for name in sorted(_layers(seen)) if _linear(seen, name)]


def other_layers(arguments: Values, seen: Values) -> list[str]:
    """The modules of other kinds that have factors, sorted."""
    return [name for name in sorted(_layers(seen)) if name and not _linear(seen, name)]


def shapes(arguments: Values, seen: Values) -> dict[str, list[int]]:
    """The sorted shape of each factor: it may be kept transposed."""
    return {
        f"{name}: lora_{letter}": pair[letter]
        for name, pair in sorted(_layers(seen).items())
        for letter in sorted(pair)
    }


def loose(arguments: Values, seen: Values) -> list[str]:
    """The parameters that train and are no factors."""
    return [name for name, (_, trains, letter) in seen["parameters"].items() if trains and not letter]


def stuck(arguments: Values, seen: Values) -> list[str]:
    """The factors that do not train."""
    return [name for name, (_, trains, letter) in seen["parameters"].items() if letter and not trains]


def overwritten(arguments: Values, seen: Values) -> list[str]:
    """The factors that changed when others were set."""
    got = seen["factors"]
    return [
        name
        for name, value in seen["factors set"].items()
        if name not in got or not torch.equal(got[name], value)
    ]


def replaced(arguments: Values, seen: Values) -> list[str]:
    """The modules besides the wrapped layers that are other objects than before."""
    if seen["same model"] is not True and seen["returned"] == "a module":
        raise KeyError("of a copy no module is the same")
    wrapped = [name for name in _layers(seen) if _linear(seen, name)]
    skip = tuple(f"{name}." for name in wrapped)
    return [
        name
        for name, (number, _) in seen["modules before"].items()
        if name and name not in wrapped and not name.startswith(skip) and seen["modules"].get(name) != number
    ]


def returned(arguments: Values, seen: Values) -> str:
    """What was returned."""
    if seen["same model"] is True:
        return "the model it was given"
    return "another model" if seen["returned"] == "a module" else str(seen["returned"])


def _linear_part(name: str) -> View:
    """The `nn.Linear` layers' share of an output of the whole model."""

    def view(arguments: Values, seen: Values) -> Tensor:
        leaves = [spec for spec in arguments["specs"] if spec["kind"] not in ("container", "parameter")]
        rows = {"linear": ("out", 3), "conv": ("in", 6)}
        sizes = [spec[key] * count for spec in leaves for key, count in [rows.get(spec["kind"], ("in", 3))]]
        parts = torch.split(seen[name].flatten(), sizes)
        return torch.cat([part for spec, part in zip(leaves, parts, strict=True) if spec["kind"] == "linear"])

    return view


def block_moved(arguments: Values, seen: Values) -> float:
    """How far the block's output moved at injection."""
    return float((seen["y after"] - seen["y before"]).abs().max())


def not_learning(arguments: Values, seen: Values) -> list[str]:
    """The wrapped layers of which no factor gets a gradient, where some other one's does."""
    learning = tuple(seen["first gradients"])
    still = [
        name
        for name in linear_layers(arguments, seen)
        if not any(item.startswith(f"{name}.") for item in learning)
    ]
    return still if learning else []


def moved_beside_another(arguments: Values, seen: Values) -> float:
    """How far the output moved when another model got adapters."""
    return float((seen["y beside another"] - seen["y set"]).abs().max())


VIEWS: Mapping[str, Mapping[str, View]] = {
    "inject": {
        "layers": layers, "linear layers": linear_layers, "other layers": other_layers, "shapes": shapes, "loose": loose,
        "stuck": stuck, "overwritten": overwritten, "replaced": replaced, "what was returned": returned,
        "linear y after": _linear_part("y after"), "linear y set": _linear_part("y set"), "block moved": block_moved,
        "not learning": not_learning, "moved beside another": moved_beside_another,
    },
    "compare": COMPARISON,
}  # fmt: skip
