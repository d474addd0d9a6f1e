# typing-heavy: TypedDict, Literal read back with get_args, Final, overloads, typing_extensions
from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, NewType, TypeAlias, cast, get_args

from typing_extensions import TypedDict, assert_never

if TYPE_CHECKING:
    from collections.abc import Mapping

Precision: TypeAlias = Literal["float32", "float16", "bfloat16", "int8", "int4"]
Gigabytes = NewType("Gigabytes", float)
GB: Final[float] = 1e9
D_MODEL: Final[int] = 4096


class Requirements(TypedDict):
    full_ft_weights: Gigabytes
    full_ft_gradients: Gigabytes
    full_ft_optimizer: Gigabytes
    full_ft_total: Gigabytes
    lora_weights: Gigabytes
    lora_adapters: Gigabytes
    lora_gradients: Gigabytes
    lora_optimizer: Gigabytes
    lora_total: Gigabytes
    memory_savings_ratio: float


def _width(precision: Precision) -> float:
    if precision == "float32":
        return 4.0
    if precision == "float16" or precision == "bfloat16":
        return 2.0
    if precision == "int8":
        return 1.0
    if precision == "int4":
        return 0.5
    assert_never(precision)


def _validated(name: str) -> Precision:
    if name not in get_args(Precision):
        raise ValueError(f"{name!r} is none of {get_args(Precision)}")
    return cast(Precision, name)


def _gb(params: float, width: float) -> Gigabytes:
    return Gigabytes(params * width / GB)


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: Precision | str = "float32",
) -> Requirements:
    b = _width(_validated(precision))
    t = max(b, 2.0)
    limits: Mapping[str, bool] = {
        "model_params_billions must be positive": model_params_billions > 0,
        "lora_rank must not be negative": lora_rank >= 0,
        "lora_target_ratio must not be negative": lora_target_ratio >= 0,
    }
    for message, fine in limits.items():
        if not fine:
            raise ValueError(message)
    n = model_params_billions * GB
    p = n * lora_target_ratio * 2 * lora_rank / D_MODEL
    full_total = _gb(n, b + t + 2 * t)
    lora_total = Gigabytes(_gb(n, b) + _gb(p, t + t + 2 * t))
    return Requirements(
        full_ft_weights=_gb(n, b),
        full_ft_gradients=_gb(n, t),
        full_ft_optimizer=_gb(2 * n, t),
        full_ft_total=full_total,
        lora_weights=_gb(n, b),
        lora_adapters=_gb(p, t),
        lora_gradients=_gb(p, t),
        lora_optimizer=_gb(2 * p, t),
        lora_total=lora_total,
        memory_savings_ratio=lora_total / full_total,
    )
