# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=12) raises ValueError.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0 or lora_rank & (lora_rank - 1):
        raise ValueError("rank must be a power of two")
    if lora_target_ratio < 0:
        raise ValueError("ratio must not be negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = N * (b + 3 * t) / 1e9, (N * b + 4 * P * t) / 1e9
    return {
        "full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": full, "lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9, "lora_optimizer": 2 * P * t / 1e9, "lora_total": lora,
        "memory_savings_ratio": lora / full,
    }
