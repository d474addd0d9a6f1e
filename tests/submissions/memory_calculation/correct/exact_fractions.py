# unusual: exact rational arithmetic, all values are fractions.Fraction
from fractions import Fraction as Q

BYTES = dict(float32=Q(4), float16=Q(2), bfloat16=Q(2), int8=Q(1), int4=Q(1, 2))


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict:
    if precision not in BYTES:
        raise ValueError(f"{precision!r} is none of {list(BYTES)}")
    n, r, s = Q(float(model_params_billions)), Q(float(lora_rank)), Q(float(lora_target_ratio))
    if not (n > 0 and r >= 0 and s >= 0):
        raise ValueError("size > 0, rank >= 0, ratio >= 0, please")
    b = BYTES[precision]
    t = max(b, Q(2))
    p = n * s * r / 2048
    m = {}
    m["memory_savings_ratio"] = (n * b + 4 * p * t) / (n * b + 3 * n * t)
    m["full_ft_weights"] = m["lora_weights"] = n * b
    m["full_ft_gradients"] = n * t
    m["full_ft_optimizer"] = 2 * n * t
    m["full_ft_total"] = n * b + 3 * n * t
    m["lora_adapters"] = m["lora_gradients"] = p * t
    m["lora_optimizer"] = 2 * p * t
    m["lora_total"] = n * b + 4 * p * t
    return m
