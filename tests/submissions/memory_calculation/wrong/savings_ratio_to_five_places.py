# mistake: unnamed
# Calculate_memory_requirements(7, precision="int4")["memory_savings_ratio"] is 0.07788, not 0.0778846 (in float32 and float16 the rounding is below 1e-5 at the defaults).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = n * b + 3 * n * t, n * b + 4 * p * t
    return {
        "full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": full,
        "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
        "lora_total": lora, "memory_savings_ratio": round(lora / full, 5),
    }
