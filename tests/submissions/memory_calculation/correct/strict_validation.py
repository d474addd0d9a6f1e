# style: strict: TypeError for other types, zero rank, ratio above 1, NaN and infinity refused, bool refused
import math
import numbers


def _real(name, value):
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a real number, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite")
    return value


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1,
                                  precision: str = "float32") -> dict[str, float]:
    _real("model_params_billions", model_params_billions)
    _real("lora_rank", lora_rank)
    _real("lora_target_ratio", lora_target_ratio)
    if not isinstance(precision, str):
        raise TypeError("precision must be a string")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank <= 0:
        raise ValueError("lora_rank must be > 0")
    if not 0 < lora_target_ratio <= 1:
        raise ValueError("lora_target_ratio must be in (0, 1]")
    table = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
    if precision not in table:
        raise ValueError(f"precision must be one of {tuple(table)}")
    b = table[precision]
    t = max(b, 2.0)
    n = float(model_params_billions) * 1e9
    p = n * float(lora_target_ratio) * 2.0 * float(lora_rank) / 4096.0
    full = {"full_ft_weights": n * b / 1e9, "full_ft_gradients": n * t / 1e9, "full_ft_optimizer": 2.0 * n * t / 1e9}
    lora = {"lora_weights": n * b / 1e9, "lora_adapters": p * t / 1e9, "lora_gradients": p * t / 1e9,
            "lora_optimizer": 2.0 * p * t / 1e9}
    full["full_ft_total"] = math.fsum(full.values())
    lora["lora_total"] = math.fsum(lora.values())
    return {**full, **lora, "memory_savings_ratio": lora["lora_total"] / full["full_ft_total"]}
