# fractions
from fractions import Fraction as F

BYTES = {"float32": F(4), "float16": F(2), "bfloat16": F(2), "int8": F(1), "int4": F(1, 2)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """Exact arithmetic; the results are Fractions."""
    if precision not in BYTES:
        raise ValueError(precision)
    n, ratio = F(model_params_billions), F(lora_target_ratio)
    if n <= 0 or lora_rank < 0 or ratio < 0:
        raise ValueError("sizes")
    b = BYTES[precision]
    t = max(b, F(2))
    p = n * ratio * F(2 * int(lora_rank), 4096)
    full = [n * b, n * t, 2 * n * t]
    lora = [n * b, p * t, p * t, 2 * p * t]
    keys = ["weights", "gradients", "optimizer"]
    out = {f"full_ft_{k}": v for k, v in zip(keys, full)}
    out |= {f"lora_{k}": v for k, v in zip(["weights", "adapters", "gradients", "optimizer"], lora)}
    return out | {"full_ft_total": sum(full), "lora_total": sum(lora), "memory_savings_ratio": sum(lora) / sum(full)}
