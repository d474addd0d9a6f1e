"""What to look at in `calculate_memory_requirements`."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from .. import wire
from ..calling import call


def estimate(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """The ten values, as floats; `missing` lists keys that are not there, `returned` what is not a mapping.

    For integers the same at float16 too, where what is trained is as wide.
    """
    seen.at("calculate_memory_requirements")
    function, named, keys = module.calculate_memory_requirements, arguments["named"], arguments["keys"]
    call_beside(function, arguments["beside"])
    result = call(function, [arguments["size"]], named, arguments["call"])
    if not isinstance(result, Mapping):
        seen["returned"] = result
        return
    values = values_of(result, keys)
    if arguments["beside"] is not None:
        call_beside(function, arguments["beside"])
        seen["values after another call"] = values_of(result, keys)
    seen["missing"] = [key for key in keys if key not in values]
    seen["values"] = values
    if named.get("precision") in ("int8", "int4"):
        with suppress(Exception):
            seen["at float16"] = values_of(
                function(arguments["size"], **{**named, "precision": "float16"}), keys
            )


def call_beside(function: Any, size_and_rank: list[float] | None) -> None:
    """Another call, which is no business of the one that is looked at."""
    if size_and_rank is not None:
        with suppress(Exception):
            function(size_and_rank[0], lora_rank=size_and_rank[1])


def values_of(result: Any, keys: list[str]) -> dict[str, Any]:
    """The values under these keys that are there, as floats."""
    return {key: wire.real(result[key]) for key in keys if key in result}


def refuse(module: Any, arguments: dict[str, Any], seen: Any) -> None:
    """Which exception arguments that make no sense raise, the second time too; empty if none. And whether sensible ones give anything."""
    with suppress(Exception):
        sensible = module.calculate_memory_requirements(7)
        seen["answers"] = isinstance(sensible, Mapping) and any(key in sensible for key in arguments["keys"])
    seen.at("calculate_memory_requirements")
    for second in (False, True):
        raised = ""
        try:
            call(
                module.calculate_memory_requirements,
                [arguments["size"]],
                arguments["named"],
                arguments["call"],
            )
        except ValueError:
            raised = "ValueError"
        except Exception as why:
            raised = type(why).__name__
        seen["second call"], seen["raised"] = second, raised
        if raised != "ValueError":
            return
