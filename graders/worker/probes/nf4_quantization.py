"""What to look at in `quantize_nf4` and `dequantize_nf4`."""

from __future__ import annotations

import warnings
from contextlib import suppress
from typing import Any

import torch
from torch import Tensor

from ..calling import call
from ..wire import type_name


def quantize(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Quantize one tensor, laid out in memory as asked; and, before it, a plain one and the same one written plainly."""
    tensor = lay_out(arguments["tensor"], arguments["layout"])
    named = {"block_size": arguments["block_size"]}
    if arguments["ones before"]:
        seen["warnings with ones"] = warnings_with_ones(module, tensor, named)
    seen["plain"] = quietly(module, arguments["plain"], {})
    step = "quantize_nf4"
    if arguments["tensor"].dtype != torch.float32:
        seen["twin"] = quietly(module, lay_out(arguments["tensor"].float(), arguments["layout"]), named)
        step += "" if seen["twin"] else " (of the same float32 values too)"
    elif arguments["tensor"].dim() == 0 or not tensor.is_contiguous() or tensor.storage_offset():
        seen["twin"] = quietly(module, arguments["tensor"].clone().reshape(tensor.shape or (1,)), named)
    if arguments["short"] is not None:
        seen["short"] = quietly(module, arguments["short"], {})
        step += "" if seen["short"] else " (of any short last block)"
    seen.at(step)
    result = call(module.quantize_nf4, [tensor], named, arguments["call"])
    _pair(result, seen)
    seen["tensor"] = tensor.clone() if arguments["changed"] else tensor
    if arguments["changed"]:
        codes = seen.get("codes")
        for name in ("codes", "scales"):
            seen[name] = copied(seen.get(name))
        other = tensor.neg_()
        seen["codes when changed"] = copied(quietly(module, other, named, arguments["call"]).get("codes"))
        seen["codes of a copy"] = copied(
            quietly(module, other.clone(), named, arguments["call"]).get("codes")
        )
        seen["codes after another call"] = codes


def quietly(module: Any, tensor: Tensor, named: dict[str, Any], style: str = "keywords") -> dict[str, Any]:
    """Codes and scales of a tensor; nothing where that raises."""
    found: dict[str, Any] = {}
    with suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _pair(call(module.quantize_nf4, [tensor], named, style), found)
    return found


def dequantize(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Dequantize given codes and scales; before it, each level with a scale of 1 and of 2."""
    codes, scales = lay_out(arguments["codes"], arguments["layout"]), arguments["scales"]
    others = arguments["call"] == "positional"  # what other calls are given is no business of this one
    if others:
        quietly(module, torch.ones(96, dtype=torch.bfloat16), {"block_size": 3})
    every = torch.arange(16, dtype=torch.uint8).repeat(4)
    for name, scale in (("levels", 1.0), ("levels doubled", 2.0)):
        with suppress(Exception):
            seen[name] = module.dequantize_nf4(every.clone(), torch.tensor([scale]))
    seen.at("dequantize_nf4" if "levels" in seen else "dequantize_nf4 (of any codes)")
    named = {"block_size": arguments["block_size"]}
    values = call(module.dequantize_nf4, [codes, scales], named, arguments["call"])
    seen["values"] = copied(values)
    if others:
        with suppress(Exception):
            module.dequantize_nf4(codes.clone(), 2 * scales, **named)
            seen["values after another call"] = values
    if codes.dim() == 0:
        with suppress(Exception):
            seen["levels after"] = module.dequantize_nf4(every.clone(), torch.tensor([1.0]))
    seen["codes"] = codes
    seen["scales"] = scales


def copied(value: Any) -> Any:
    """A tensor's values as they are now; anything else as it is."""
    return value.clone() if isinstance(value, Tensor) else value


def warnings_with_ones(module: Any, tensor: Tensor, named: dict[str, Any]) -> list[str]:
    """The categories of the warnings that a tensor of ones gives."""
    with warnings.catch_warnings(record=True) as caught, suppress(Exception):
        warnings.simplefilter("always")
        module.quantize_nf4(torch.ones_like(tensor), **named)
    return [type_name(item.category) for item in caught or ()]


def _pair(result: Any, seen: Any) -> None:
    try:
        codes, scales = result
    except (TypeError, ValueError):
        seen["returned"] = result
        return
    seen["codes"] = codes
    seen["scales"] = scales


def lay_out(tensor: Tensor, layout: str) -> Tensor:
    """The same values in another memory layout: `transposed`, `channels last`, `strided` (every other value of a larger
    one), `slice` (the end of a longer one) or as is."""
    if layout == "transposed" and tensor.dim() >= 2:
        return tensor.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "channels last" and tensor.dim() == 4:
        return tensor.contiguous(memory_format=torch.channels_last)
    if layout == "strided" and tensor.dim() >= 1:
        wide = torch.zeros((*tensor.shape[:-1], 2 * tensor.shape[-1]), dtype=tensor.dtype)
        wide[..., ::2] = tensor
        return wide[..., ::2]
    if layout == "slice" and tensor.dim() >= 1:
        return torch.cat([torch.ones(5).to(tensor), tensor.flatten()])[5:].reshape(tensor.shape)
    return tensor
