# unusual: typing.overload leaves three definitions of the name (the last counts), strict TypeErrors for non-numbers, and a UserWarning under int8 and int4; the contract forbids no warning here
import numbers
import warnings
from typing import Final, Literal, TypedDict, get_args, overload

FloatName = Literal["float32", "float16", "bfloat16"]
IntName = Literal["int8", "int4"]
BITS: Final = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}


class Memory(TypedDict):
    full_ft_weights: float
    full_ft_gradients: float
    full_ft_optimizer: float
    full_ft_total: float
    lora_weights: float
    lora_adapters: float
    lora_gradients: float
    lora_optimizer: float
    lora_total: float
    memory_savings_ratio: float


@overload
def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = ..., lora_target_ratio: float = ..., precision: FloatName = ...
) -> Memory: ...


@overload
def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = ..., lora_target_ratio: float = ..., precision: IntName = ...
) -> Memory: ...


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if isinstance(model_params_billions, bool) or not isinstance(model_params_billions, numbers.Real):
        raise TypeError(f"model_params_billions must be a real number, not {type(model_params_billions).__name__}")
    if isinstance(lora_rank, bool) or not isinstance(lora_rank, numbers.Integral):
        raise TypeError(f"lora_rank must be an integer, not {type(lora_rank).__name__}")
    if not isinstance(lora_target_ratio, numbers.Real):
        raise TypeError(f"lora_target_ratio must be a real number, not {type(lora_target_ratio).__name__}")
    if not isinstance(precision, str):
        raise TypeError(f"precision must be a string, not {type(precision).__name__}")
    if precision not in get_args(FloatName) + get_args(IntName):
        raise ValueError(f"precision: {precision!r}")
    if model_params_billions <= 0:
        raise ValueError(f"model_params_billions: {model_params_billions!r} <= 0")
    if lora_rank < 0:
        raise ValueError(f"lora_rank: {lora_rank!r} < 0")
    if lora_target_ratio < 0:
        raise ValueError(f"lora_target_ratio: {lora_target_ratio!r} < 0")
    if precision in get_args(IntName):
        warnings.warn(f"{precision} cannot be trained, what is trained is counted in 16 bits", UserWarning, stacklevel=2)

    N = float(model_params_billions) * 1e9
    P = N * float(lora_target_ratio) * 2 * int(lora_rank) / 4096
    to_gb = 1 / 8e9
    b, t = BITS[precision] * to_gb, max(BITS[precision], 16) * to_gb
    full = N * b + N * t + 2 * N * t
    lora = N * b + P * t + P * t + 2 * P * t
    return Memory(
        full_ft_weights=N * b,
        full_ft_gradients=N * t,
        full_ft_optimizer=2 * N * t,
        full_ft_total=full,
        lora_weights=N * b,
        lora_adapters=P * t,
        lora_gradients=P * t,
        lora_optimizer=2 * P * t,
        lora_total=lora,
        memory_savings_ratio=lora / full,
    )
