# mistake: unnamed
# Calculate_memory_requirements(7): every value but the ratio is 7 % low.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"Unsupported precision: {precision}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("model size must be positive, rank and ratio must not be negative")
    b = BYTES[precision]
    t = max(b, 2)
    GB = 1024 ** 3
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_ft_weights = N * b / GB
    full_ft_gradients = N * t / GB
    full_ft_optimizer = 2 * N * t / GB
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    lora_weights = N * b / GB
    lora_adapters = P * t / GB
    lora_gradients = P * t / GB
    lora_optimizer = 2 * P * t / GB
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    return {
        "full_ft_weights": full_ft_weights,
        "full_ft_gradients": full_ft_gradients,
        "full_ft_optimizer": full_ft_optimizer,
        "full_ft_total": full_ft_total,
        "lora_weights": lora_weights,
        "lora_adapters": lora_adapters,
        "lora_gradients": lora_gradients,
        "lora_optimizer": lora_optimizer,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_ft_total,
    }
