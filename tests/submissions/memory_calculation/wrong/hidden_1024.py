# mistake: unnamed
# d is 1024 instead of 4096, so P is four times too large.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")

    N = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    P = N * lora_target_ratio * 2 * lora_rank / 1024

    full_ft_weights = N * b / 1e9
    full_ft_gradients = N * t / 1e9
    full_ft_optimizer = 2 * N * t / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    lora_weights = N * b / 1e9
    lora_adapters = P * t / 1e9
    lora_gradients = P * t / 1e9
    lora_optimizer = 2 * P * t / 1e9
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
