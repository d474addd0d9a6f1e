# who: Agnes, careful first-year master student, follows the stub to the letter; unusual: nothing
"""Exercise 3: how much memory full fine-tuning and LoRA need."""

BYTES_PER_PARAMETER = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory for weights, gradients and optimizer, of full fine-tuning and of LoRA, in GB."""
    if precision not in BYTES_PER_PARAMETER:
        raise ValueError(f"unknown precision {precision!r}, expected one of {sorted(BYTES_PER_PARAMETER)}")
    if model_params_billions <= 0:
        raise ValueError(f"the model size must be positive, got {model_params_billions}")
    if lora_rank < 0:
        raise ValueError(f"the rank must not be negative, got {lora_rank}")
    if lora_target_ratio < 0:
        raise ValueError(f"the ratio must not be negative, got {lora_target_ratio}")

    b = BYTES_PER_PARAMETER[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    memory = {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
    }
    memory["full_ft_total"] = sum(memory.values())
    lora = {
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
    }
    memory.update(lora)
    memory["lora_total"] = sum(lora.values())
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
