# exact rational arithmetic; every value is a fractions.Fraction
from fractions import Fraction as F

_B = dict(float32=F(4), float16=F(2), bfloat16=F(2), int8=F(1), int4=F(1, 2))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _B.keys():
        raise ValueError(precision)
    if not model_params_billions > 0:
        raise ValueError(model_params_billions)
    if not lora_rank >= 0:
        raise ValueError(lora_rank)
    if not lora_target_ratio >= 0:
        raise ValueError(lora_target_ratio)
    b = _B[precision]
    t = max(b, F(2))
    # one billion parameters at one byte each are exactly one GB, so the 1e9 cancels
    n = F(model_params_billions)
    p = n * F(lora_target_ratio) * 2 * F(lora_rank) / 4096
    out = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "full_ft_total": n * (b + 3 * t),
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
        "lora_total": n * b + 4 * p * t,
    }
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
