# style: relies on Enum(value) raising ValueError by itself; TypedDict for the result
import enum
from typing import TypedDict


class Result(TypedDict):
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


@enum.unique
class Precision(enum.Enum):
    FP32 = "float32"
    FP16 = "float16"
    BF16 = "bfloat16"
    I8 = "int8"
    I4 = "int4"

    def width(self) -> float:
        digits = "".join(filter(str.isdigit, self.value))
        return int(digits) / 8


def _positive(x):
    if x > 0:
        return x
    raise ValueError(x)


def _not_negative(x):
    if x >= 0:
        return x
    raise ValueError(x)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> Result:
    b = Precision(precision).width()          # ValueError: 'float64' is not a valid Precision
    t = max(b, 2.0)
    n = _positive(model_params_billions)
    p = n * _not_negative(lora_target_ratio) * 2 * _not_negative(lora_rank) / 4096
    full = n * b + n * t + 2 * n * t
    lora = n * b + p * t + p * t + 2 * p * t
    return Result(full_ft_weights=n * b, full_ft_gradients=n * t, full_ft_optimizer=2 * n * t, full_ft_total=full,
                  lora_weights=n * b, lora_adapters=p * t, lora_gradients=p * t, lora_optimizer=2 * p * t,
                  lora_total=lora, memory_savings_ratio=lora / full)
