# exact arithmetic; a value that is whole comes back as int, any other as float; the keys are sorted alphabetically
from fractions import Fraction

HALF_BYTES = {"float32": 8, "float16": 4, "bfloat16": 4, "int8": 2, "int4": 1}


def _tidy(value):
    return value.numerator if value.denominator == 1 else float(value)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    for wrong, reason in (
        (not isinstance(precision, str) or precision not in HALF_BYTES, "precision"),
        (model_params_billions <= 0, "model_params_billions"),
        (lora_rank < 0, "lora_rank"),
        (lora_target_ratio < 0, "lora_target_ratio"),
    ):
        if wrong:
            raise ValueError(reason)
    n = Fraction(model_params_billions)
    p = n * Fraction(lora_target_ratio) * lora_rank / 2048
    b = Fraction(HALF_BYTES[precision], 2)
    t = max(b, Fraction(2))
    exact = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": n * t * 2,
        "full_ft_total": n * (b + 3 * t),
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": p * t * 2,
        "lora_total": n * b + 4 * p * t,
        "memory_savings_ratio": (n * b + 4 * p * t) / (n * (b + 3 * t)),
    }
    return {key: _tidy(exact[key]) for key in sorted(exact)}
