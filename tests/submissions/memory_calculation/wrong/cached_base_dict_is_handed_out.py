# mistake: unnamed
# A = f(7, lora_rank=8); b = f(7, lora_rank=64); now a["lora_adapters"] is that of rank 64.
from functools import lru_cache

_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


@lru_cache(maxsize=None)
def _full_fine_tuning(n, precision):
    b = _BYTES[precision]
    t = max(b, 2)
    parts = {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t}
    return parts | {"full_ft_total": sum(parts.values())}


def _lora(n, p, precision):
    b = _BYTES[precision]
    t = max(b, 2)
    parts = {"lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t}
    return parts | {"lora_total": sum(parts.values())}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    p = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096
    memory = _full_fine_tuning(model_params_billions, precision)
    memory.update(_lora(model_params_billions, p, precision))
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
