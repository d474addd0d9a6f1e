# unusual: the keys are members of a str Enum; Enum itself raises the ValueError for the precision
from enum import Enum


class Precision(str, Enum):
    float32 = "float32"
    float16 = "float16"
    bfloat16 = "bfloat16"
    int8 = "int8"
    int4 = "int4"

    @property
    def bytes(self) -> float:
        return int("".join(c for c in self.value if c.isdigit())) / 8

    @property
    def trained_bytes(self) -> float:
        return max(self.bytes, 2)


class Key(str, Enum):
    FULL_FT_WEIGHTS = "full_ft_weights"
    FULL_FT_GRADIENTS = "full_ft_gradients"
    FULL_FT_OPTIMIZER = "full_ft_optimizer"
    FULL_FT_TOTAL = "full_ft_total"
    LORA_WEIGHTS = "lora_weights"
    LORA_ADAPTERS = "lora_adapters"
    LORA_GRADIENTS = "lora_gradients"
    LORA_OPTIMIZER = "lora_optimizer"
    LORA_TOTAL = "lora_total"
    RATIO = "memory_savings_ratio"


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    kind = Precision(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("bad size, rank or ratio")
    N = model_params_billions
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    b, t = kind.bytes, kind.trained_bytes
    memory = {
        Key.FULL_FT_WEIGHTS: N * b,
        Key.FULL_FT_GRADIENTS: N * t,
        Key.FULL_FT_OPTIMIZER: 2 * N * t,
        Key.FULL_FT_TOTAL: N * (b + 3 * t),
        Key.LORA_WEIGHTS: N * b,
        Key.LORA_ADAPTERS: P * t,
        Key.LORA_GRADIENTS: P * t,
        Key.LORA_OPTIMIZER: 2 * P * t,
        Key.LORA_TOTAL: N * b + 4 * P * t,
    }
    memory[Key.RATIO] = memory[Key.LORA_TOTAL] / memory[Key.FULL_FT_TOTAL]
    return memory
