# mistake: unnamed
# What is trained takes 2 bytes even under float32.
def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """
    Calculate the memory requirements of full fine-tuning and of LoRA.

    Args:
        model_params_billions: Model size in billions of parameters
        lora_rank: LoRA rank
        lora_target_ratio: Fraction of the parameters targeted by LoRA
        precision: One of "float32", "float16", "bfloat16", "int8", "int4"

    Returns:
        Dictionary with the memory breakdown in GB
    """
    # Step 1: Validate the inputs
    if model_params_billions <= 0:
        raise ValueError(f"model_params_billions must be positive, got {model_params_billions}")
    if lora_rank < 0:
        raise ValueError(f"lora_rank must be non-negative, got {lora_rank}")
    if lora_target_ratio < 0:
        raise ValueError(f"lora_target_ratio must be non-negative, got {lora_target_ratio}")

    # Step 2: Bytes per parameter
    if precision == "float32":
        bytes_per_param = 4
    elif precision == "float16":
        bytes_per_param = 2
    elif precision == "bfloat16":
        bytes_per_param = 2
    elif precision == "int8":
        bytes_per_param = 1
    elif precision == "int4":
        bytes_per_param = 0.5
    else:
        raise ValueError(f"Unsupported precision: {precision}")

    # Training happens in half precision
    train_bytes = 2

    # Step 3: Number of parameters
    total_params = model_params_billions * 1e9
    d_model = 4096
    lora_params = total_params * lora_target_ratio * (2 * lora_rank) / d_model

    # Step 4: Full fine-tuning
    full_ft_weights = total_params * bytes_per_param / 1e9
    full_ft_gradients = total_params * train_bytes / 1e9
    full_ft_optimizer = 2 * total_params * train_bytes / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    # Step 5: LoRA
    lora_weights = total_params * bytes_per_param / 1e9
    lora_adapters = lora_params * train_bytes / 1e9
    lora_gradients = lora_params * train_bytes / 1e9
    lora_optimizer = 2 * lora_params * train_bytes / 1e9
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer

    # Step 6: Ratio
    memory_savings_ratio = lora_total / full_ft_total

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
        "memory_savings_ratio": memory_savings_ratio,
    }
