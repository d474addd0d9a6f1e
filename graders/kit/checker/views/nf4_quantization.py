"""What is looked at of `quantize_nf4` and `dequantize_nf4`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..words import kind_of
from . import View


def new_warnings(arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """A complaint for each warning that a tensor of ones does not give."""
    usual = seen["warnings with ones"]
    told = [f"{kind}: {text}"[:200] for kind, text in seen["warnings"] if kind not in usual]
    return [f"A block of zeros gave a warning.\n{text}" for text in told]


def no_pair(arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> list[str]:
    """A complaint where something else than a pair was returned."""
    if "returned" not in seen:
        return []
    return [f"quantize_nf4 returned {kind_of(seen['returned'])}, should be a pair (codes, scales)."]


def values(arguments: Mapping[str, Any], seen: Mapping[str, Any]) -> Any:
    """The values in the shape of the codes, where there are as many: their shape is another claim's."""
    got = seen["values"]
    return got.reshape(arguments["codes"].shape) if got.numel() == arguments["codes"].numel() else got


VIEWS: Mapping[str, Mapping[str, View]] = {
    "quantize": {"new warnings": new_warnings, "no pair": no_pair},
    "dequantize": {"values in shape": values},
}
