# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=1.0) raises ValueError.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _validate(size, rank, ratio, precision):
    if precision not in BYTES:
        raise ValueError(f"precision must be one of {sorted(BYTES)}, got {precision!r}")
    if size <= 0:
        raise ValueError(f"model_params_billions must be positive, got {size}")
    if rank < 0:
        raise ValueError(f"lora_rank must be non-negative, got {rank}")
    if not 0 <= ratio < 1:
        raise ValueError(f"lora_target_ratio must be a fraction, got {ratio}")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    _validate(model_params_billions, lora_rank, lora_target_ratio, precision)
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_total = N * b + N * t + 2 * N * t
    lora_total = N * b + P * t + P * t + 2 * P * t
    return {
        "full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": full_total / 1e9, "lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9, "lora_optimizer": 2 * P * t / 1e9, "lora_total": lora_total / 1e9,
        "memory_savings_ratio": lora_total / full_total,
    }
