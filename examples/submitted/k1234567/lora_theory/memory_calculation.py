def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory for weights, gradients and optimizer, of full fine-tuning and of LoRA, in GB."""
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    if precision not in bytes_per_param:
        raise ValueError("Unknown precision: " + precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0:
        raise ValueError("lora_rank must be >= 0")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must be >= 0")

    N = model_params_billions * 1e9
    b = bytes_per_param[precision]
    t = max(b, 2)
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    # full fine-tuning
    full_ft_weights = N * b / 1e9
    full_ft_gradients = N * t / 1e9
    full_ft_optimizer = 2 * N * t / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    # LoRA
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
