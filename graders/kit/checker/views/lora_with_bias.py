"""What is looked at of `LoRALayerWithBias`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from . import View

Values = Mapping[str, Any]


def _without_factors(seen: Values) -> tuple[list[Tensor], list[str]]:
    """The trainable tensors besides the factors, and the factors that are not among them."""
    pool, frozen = list(seen["trainable"]), []
    for name in ("lora_A", "lora_B"):
        if f"{name} stored" in seen and not _take(pool, seen[f"{name} stored"]):
            frozen.append(name)
    return pool, frozen


def _take(pool: list[Tensor], like: Tensor) -> bool:
    for number, item in enumerate(pool):
        if item.shape == like.shape and torch.equal(item.to(torch.float64), like.to(torch.float64)):
            pool.pop(number)
            return True
    return False


def no_module(arguments: Values, seen: Values) -> list[str]:
    """A complaint where something else than a module was made."""
    made = seen.get("returned")
    return [f"LoRALayerWithBias(...) made a {made}, should be an nn.Module."] if made else []


def with_zero(arguments: Values, seen: Values) -> Tensor:
    """The entries of A, and a 0 beside them."""
    return torch.cat([seen["lora_A"].flatten(), torch.zeros(1)])


def frozen_factors(arguments: Values, seen: Values) -> list[str]:
    """The factors that are not among the trainable parameters."""
    return _without_factors(seen)[1]


def bias_trains(arguments: Values, seen: Values) -> bool:
    """Whether the original bias is among the trainable parameters."""
    return arguments["b"] is not None and _take(_without_factors(seen)[0], arguments["b"])


def further(arguments: Values, seen: Values) -> list[str]:
    """A complaint for each parameter that trains and should not, whatever becomes of the bias."""
    pool, b = _without_factors(seen)[0], arguments["b"]
    if b is not None:
        _take(pool, b)
    if _take(pool, arguments["W"]):
        return ["The original weight is trainable, should be frozen."]
    return [f"A further parameter of shape {tuple(item.shape)} is trainable." for item in pool]


def share(arguments: Values, seen: Values) -> Tensor:
    """The adapter's share of y."""
    difference: Tensor = seen["y"].to(torch.float64) - seen["y base"].to(torch.float64)
    return difference


def bias_grad(arguments: Values, seen: Values) -> Any:
    """The gradient of the trained bias; None where it got none."""
    shape = arguments["b"].shape
    return next((grad for grad in seen["bias grads"] if grad.shape == shape), None)


def left_behind(arguments: Values, seen: Values) -> list[str]:
    """A complaint where a parameter is not where the layer was moved."""
    stay = [place for place in [*seen["devices"], *seen["trainable devices"]] if place != "meta"]
    return ["A trainable parameter stays behind when the layer is moved to another device."] if stay else []


# --- dropout: the output is base + unit * (a sum of some of 1, 2, 4, 8) / (1 - p), the same in every column ---


def kept(arguments: Values, seen: Values) -> Tensor:
    """For each row of x, the sum of those of 1, 2, 4, 8 that were kept, in units of the layer without dropout."""
    base, unit = float(seen["base"][0, 0]), float((seen["all kept"] - seen["base"])[0, 0]) / 15
    y: Tensor = seen["y"].to(torch.float64).reshape(-1, seen["y"].shape[-1])
    share: float = 1 - arguments["named"]["dropout"]
    return (y - base) / unit * share


def columns(arguments: Values, seen: Values) -> list[str]:
    """A complaint where the columns of y differ, which all follow from the same inputs."""
    sums = kept(arguments, seen)
    apart = bool(((sums - sums[:, :1]).abs() > 0.02).any())
    return ["Dropout acts on the output of the LoRA path, should act on its input."] if apart else []


def dropped_share(arguments: Values, seen: Values) -> float:
    """The share of inputs that were dropped."""
    bits = kept(arguments, seen)[:, 0].round().to(torch.int64).clamp(0, 15)
    mask = (bits[:, None] >> torch.arange(4)) & 1
    return 1 - float(mask.to(torch.float64).mean())


def whole_rows(arguments: Values, seen: Values) -> list[str]:
    """A complaint where not each input of each row is dropped by itself."""
    sums = kept(arguments, seen)[:, 0].round()
    if bool((sums == 15).all()):
        return ["In training mode nothing is dropped."]
    if bool(((sums == 0) | (sums == 15)).all()):
        return ["Rows of x are dropped as a whole, should be each input by itself."]
    return ["In every row of x the same inputs are dropped."] if bool((sums == sums[0]).all()) else []


def second_call(arguments: Values, seen: Values) -> list[str]:
    """A complaint where a second call drops what the first did."""
    again = torch.equal(seen["y"], seen["y again"])
    return ["A second call drops the same inputs as the first."] if again else []


VIEWS: Mapping[str, Mapping[str, View]] = {
    "layer": {
        "no module": no_module, "lora_A with 0": with_zero, "frozen factors": frozen_factors, "bias trains": bias_trains, "further": further, "share": share,
        "bias grad": bias_grad,
    },
    "moves": {"left behind": left_behind},
    "dropout": {
        "kept": kept, "columns": columns, "dropped": dropped_share, "whole rows": whole_rows, "second call": second_call,
    },
}  # fmt: skip
