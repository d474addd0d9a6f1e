# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["full_ft_total"] is 28, not 49 (the floats are right; the parts and the ratio always).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    bytes_per_param = 16 * b / BYTES["float32"]  # 16 in float32: 4 weights, 4 gradients, 8 optimizer
    return {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": N * bytes_per_param / 1e9,
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
        "lora_total": (N * b + 4 * P * t) / 1e9,
        "memory_savings_ratio": (N * b + 4 * P * t) / (N * b + 3 * N * t),
    }
