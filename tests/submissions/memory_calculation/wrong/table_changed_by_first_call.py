# mistake: unnamed
# Widening for training writes 2 into the global table, so the second call with int8 or int4 has weights of 2 bytes.
PRECISION_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
):
    table = PRECISION_BYTES
    if precision not in table:
        raise ValueError(f"precision must be one of {list(table)}")
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must be >= 0")

    params = model_params_billions * 1e9
    lora_params = params * lora_target_ratio * 2 * lora_rank / 4096
    weights = params * table[precision] / 1e9

    # what is trained needs at least two bytes
    table[precision] = max(table[precision], 2)
    gradients = params * table[precision] / 1e9
    adapters = lora_params * table[precision] / 1e9

    full_total = weights + 3 * gradients
    lora_total = weights + 4 * adapters
    return {
        "full_ft_weights": weights,
        "full_ft_gradients": gradients,
        "full_ft_optimizer": 2 * gradients,
        "full_ft_total": full_total,
        "lora_weights": weights,
        "lora_adapters": adapters,
        "lora_gradients": adapters,
        "lora_optimizer": 2 * adapters,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_total,
    }
