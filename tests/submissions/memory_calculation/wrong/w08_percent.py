# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["memory_savings_ratio"] is 25.08, should be 0.2508.
PRECISION_BYTES = {
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int8": 1,
    "int4": 0.5,
}


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict[str, float]:
    if precision not in PRECISION_BYTES:
        raise ValueError(f"precision should be one of {', '.join(PRECISION_BYTES)}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions should be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank should not be negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio should not be negative")
    b = PRECISION_BYTES[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full_total = n * b + 3 * n * t
    lora_total = n * b + 4 * p * t
    ratio = lora_total / full_total * 100
    print(f"LoRA needs {ratio:.1f}% of the memory of full fine-tuning")
    return {
        "full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t,
        "full_ft_total": full_total,
        "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
        "lora_total": lora_total,
        "memory_savings_ratio": ratio,
    }
