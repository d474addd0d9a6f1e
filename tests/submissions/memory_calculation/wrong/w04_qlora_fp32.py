# mistake: unnamed
# Calculate_memory_requirements(7, precision="int4")["lora_adapters"] is 0.021875, should be 0.0109375.
"""Like bitsandbytes + peft: the base model is quantized, `prepare_model_for_kbit_training` casts the rest to fp32."""
from dataclasses import asdict, dataclass

import torch

_STORE = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


@dataclass
class MemoryReport:
    full_ft_weights: float
    full_ft_gradients: float
    full_ft_optimizer: float
    lora_weights: float
    lora_adapters: float
    lora_gradients: float
    lora_optimizer: float
    full_ft_total: float = 0.0
    lora_total: float = 0.0
    memory_savings_ratio: float = 0.0

    def __post_init__(self):
        self.full_ft_total = self.full_ft_weights + self.full_ft_gradients + self.full_ft_optimizer
        self.lora_total = self.lora_weights + self.lora_adapters + self.lora_gradients + self.lora_optimizer
        self.memory_savings_ratio = self.lora_total / self.full_ft_total


def _compute_dtype(precision):
    if precision in ("float32", "float16", "bfloat16"):
        return getattr(torch, precision)
    return torch.float32


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    if precision not in _STORE:
        raise ValueError(f"precision must be in {list(_STORE)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes must be positive")
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    b = _STORE[precision]
    t = _compute_dtype(precision).itemsize
    return asdict(MemoryReport(n * b, n * t, 2 * n * t, n * b, p * t, p * t, 2 * p * t))
