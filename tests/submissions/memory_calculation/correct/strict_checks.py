# raises on everything doubtful too: rank 0, ratio 0 or above 1, NaN, infinity
import math
import numbers

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}


def _positive(name, value):
    if not isinstance(value, numbers.Real):
        raise TypeError(f"{name} has to be a number, not {type(value).__name__}")
    if not math.isfinite(value) or value <= 0:
        raise ValueError(f"{name} has to be positive and finite, not {value}")
    return value


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    n = _positive("model_params_billions", model_params_billions) * 1e9
    rank = _positive("lora_rank", lora_rank)
    ratio = _positive("lora_target_ratio", lora_target_ratio)
    if ratio > 1:
        raise ValueError("more than the whole model cannot be targeted")
    if not isinstance(precision, str) or precision not in BYTES:
        raise ValueError(f"{precision!r} not in {tuple(BYTES)}")
    b = BYTES[precision]
    t = max(b, 2.0)
    p = n * ratio * 2.0 * rank / 4096.0
    full = (n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9)
    lora = (n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9)
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": math.fsum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": math.fsum(lora),
        "memory_savings_ratio": math.fsum(lora) / math.fsum(full),
    }
