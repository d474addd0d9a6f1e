# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=0.015): 0.015 becomes 1/67 (0.1, 0.05, 0.25, 1/3 are right).
from fractions import Fraction

BYTES = {"float32": Fraction(4), "float16": Fraction(2), "bfloat16": Fraction(2), "int8": Fraction(1), "int4": Fraction(1, 2)}


def _exact(x):
    """The fraction that was meant: 0.1 is 1/10, not 0.1000000000000000055."""
    return Fraction(x).limit_denominator(100)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = Fraction(model_params_billions)
    P = N * _exact(lora_target_ratio) * 2 * lora_rank / 4096
    full = [N * b, N * t, 2 * N * t]
    lora = [N * b, P * t, P * t, 2 * P * t]
    keys = ("full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total", "lora_weights", "lora_adapters",
            "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio")
    values = (*full, sum(full), *lora, sum(lora), sum(lora) / sum(full))
    return {k: float(v) for k, v in zip(keys, values)}
