"""What to look at in `calculate_memory_requirements`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import wire
from ..calling import call


def estimate(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """The ten values, as floats; `missing` lists keys that are not there, `returned` what is not a mapping."""
    seen.at("calculate_memory_requirements")
    result = call(
        module.calculate_memory_requirements, [arguments["size"]], arguments["named"], arguments["call"]
    )
    if not isinstance(result, Mapping):
        seen["returned"] = result
        return
    values = {key: result[key] for key in arguments["keys"] if key in result}
    seen["missing"] = [key for key in arguments["keys"] if key not in values]
    seen["values"] = {key: wire.real(value) for key, value in values.items()}


def refuse(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Which exception arguments that make no sense raise; empty if none."""
    seen.at("calculate_memory_requirements")
    try:
        call(module.calculate_memory_requirements, [arguments["size"]], arguments["named"], "keywords")
    except ValueError:
        seen["raised"] = "ValueError"
    except Exception as why:
        seen["raised"] = type(why).__name__
    else:
        seen["raised"] = ""
