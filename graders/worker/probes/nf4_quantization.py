"""What to look at in `quantize_nf4` and `dequantize_nf4`."""

from __future__ import annotations

import contextlib
import warnings
from typing import Any

import torch
from torch import Tensor

from ..calling import call
from ..wire import type_name


def quantize(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Quantize one tensor, laid out in memory as asked."""
    tensor = lay_out(arguments["tensor"], arguments["layout"])
    named = {"block_size": arguments["block_size"]}
    if arguments["ones before"]:
        seen["warnings with ones"] = warnings_with_ones(module, tensor, named)
    seen.at("quantize_nf4")
    result = call(module.quantize_nf4, [tensor], named, arguments["call"])
    _pair(result, seen)
    seen["tensor"] = tensor


def dequantize(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Dequantize given codes and scales."""
    codes, scales = arguments["codes"], arguments["scales"]
    seen.at("dequantize_nf4")
    named = {"block_size": arguments["block_size"]}
    seen["values"] = call(module.dequantize_nf4, [codes, scales], named, arguments["call"])
    seen["codes"] = codes
    seen["scales"] = scales


def warnings_with_ones(module: Any, tensor: Tensor, named: dict[str, Any]) -> list[str]:
    """The categories of the warnings that a tensor of ones gives."""
    with warnings.catch_warnings(record=True) as caught, contextlib.suppress(Exception):
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
    """The same values in another memory layout: `transposed`, `strided` (every other value of a larger one) or as is."""
    if layout == "transposed" and tensor.dim() >= 2:
        return tensor.transpose(0, -1).contiguous().transpose(0, -1)
    if layout == "strided" and tensor.dim() >= 1:
        wide = torch.zeros((*tensor.shape[:-1], 2 * tensor.shape[-1]), dtype=tensor.dtype)
        wide[..., ::2] = tensor
        return wide[..., ::2]
    return tensor
