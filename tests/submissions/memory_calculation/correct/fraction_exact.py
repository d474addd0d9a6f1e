# style: exact rationals, returns fractions.Fraction for every value
from fractions import Fraction as Q

BITS = dict(float32=32, float16=16, bfloat16=16, int8=8, int4=4)
GIGA = 10 ** 9


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32"):
    """Exact. Every value is a Fraction, so nothing is rounded at all."""
    try:
        b = Q(BITS[precision], 8)
    except KeyError:
        raise ValueError(f"precision must be one of {sorted(BITS)}, not {precision!r}") from None
    n = Q(model_params_billions) * GIGA
    if not n > 0:
        raise ValueError("model size must be positive")
    r, rho = Q(lora_rank), Q(lora_target_ratio)
    if min(r, rho) < 0:
        raise ValueError("rank and ratio must not be negative")
    t = b if b > 2 else Q(2)
    p = n * rho * 2 * r / 4096
    rows = [("full_ft_weights", n * b), ("full_ft_gradients", n * t), ("full_ft_optimizer", 2 * n * t),
            ("lora_weights", n * b), ("lora_adapters", p * t), ("lora_gradients", p * t), ("lora_optimizer", 2 * p * t)]
    out = {k: v / GIGA for k, v in rows}
    out["full_ft_total"] = sum((v for k, v in out.items() if k.startswith("full_ft")), Q(0))
    out["lora_total"] = sum((v for k, v in out.items() if k.startswith("lora")), Q(0))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
