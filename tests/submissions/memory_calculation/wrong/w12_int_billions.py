# mistake: unnamed
# Calculate_memory_requirements(1.3)["full_ft_weights"] is 4.0, should be 5.2.
from fractions import Fraction

GIGA = 10**9
BYTES = {"float32": Fraction(4), "float16": Fraction(2), "bfloat16": Fraction(2), "int8": Fraction(1),
         "int4": Fraction(1, 2)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """Exact arithmetic: no float touches the bytes before the end."""
    if precision not in BYTES:
        raise ValueError("precision: one of " + "/".join(BYTES))
    if model_params_billions <= 0:
        raise ValueError("model size")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank/ratio")
    b = BYTES[precision]
    t = max(b, Fraction(2))
    n = int(model_params_billions) * GIGA or GIGA  # 10**9 parameters at least
    p = n * Fraction(str(lora_target_ratio)) * 2 * Fraction(lora_rank) / 4096

    states = {
        "full_ft": {"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t},
        "lora": {"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t},
    }
    out = {}
    for method, parts in states.items():
        for part, size in parts.items():
            out[f"{method}_{part}"] = float(size / GIGA)
        out[f"{method}_total"] = float(sum(parts.values()) / GIGA)
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
