# mistake: unnamed
# Calculate_memory_requirements(7, precision="int48") (or "float32x", "int8_dynamic") returns a result; "float64", "int16", "" raise.
import re

PATTERN = re.compile(r"float32|float16|bfloat16|int8|int4")
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    found = PATTERN.match(precision)
    if not found:
        raise ValueError(f"unknown precision {precision!r}")
    if not (model_params_billions > 0 and lora_rank >= 0 and lora_target_ratio >= 0):
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[found.group()]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    GB = 1e9
    full, lora = N * b + 3 * N * t, N * b + 4 * P * t
    return {
        "full_ft_weights": N * b / GB, "full_ft_gradients": N * t / GB, "full_ft_optimizer": 2 * N * t / GB,
        "full_ft_total": full / GB, "lora_weights": N * b / GB, "lora_adapters": P * t / GB,
        "lora_gradients": P * t / GB, "lora_optimizer": 2 * P * t / GB, "lora_total": lora / GB,
        "memory_savings_ratio": lora / full,
    }
