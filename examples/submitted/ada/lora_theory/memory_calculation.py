"""Exercise 3: a table of 'how many numbers' times 'how many bytes'."""

from fractions import Fraction

BYTES = dict(float32=Fraction(4), float16=Fraction(2), bfloat16=Fraction(2), int8=Fraction(1), int4=Fraction(1, 2))
GIGA = 10**9


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        stored = BYTES[precision]
    except KeyError:
        raise ValueError(f"{precision!r} is none of {', '.join(BYTES)}") from None
    if not (model_params_billions > 0 <= lora_rank and lora_target_ratio >= 0):
        raise ValueError("need a positive model and neither a negative rank nor a negative ratio")

    trained = max(stored, 2)
    model = Fraction(model_params_billions) * GIGA
    adapters = model * Fraction(lora_target_ratio) * 2 * Fraction(lora_rank) / 4096

    table = {
        "full_ft_weights": model * stored,
        "full_ft_gradients": model * trained,
        "full_ft_optimizer": model * trained * 2,
        "lora_weights": model * stored,
        "lora_adapters": adapters * trained,
        "lora_gradients": adapters * trained,
        "lora_optimizer": adapters * trained * 2,
    }
    for way in ("full_ft", "lora"):
        table[f"{way}_total"] = sum(size for key, size in table.items() if key.startswith(way))

    result = {key: float(size / GIGA) for key, size in table.items()}
    result["memory_savings_ratio"] = float(table["lora_total"] / table["full_ft_total"])
    return result
