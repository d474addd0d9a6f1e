# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=64, lora_target_ratio=0.5)["lora_adapters"]: P is 1.56 % of N, but is cut to 1 %.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = min(N * lora_target_ratio * 2 * lora_rank / 4096, 0.01 * N)  # LoRA trains less than 1 % of a model
    weights = N * b / 1e9
    full_trained, lora_trained = N * t / 1e9, P * t / 1e9
    full_total, lora_total = weights + 3 * full_trained, weights + 4 * lora_trained
    return {
        "full_ft_weights": weights, "full_ft_gradients": full_trained, "full_ft_optimizer": 2 * full_trained,
        "full_ft_total": full_total, "lora_weights": weights, "lora_adapters": lora_trained,
        "lora_gradients": lora_trained, "lora_optimizer": 2 * lora_trained, "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_total,
    }
