# mistake: unnamed
# Calculate_memory_requirements(7, precision="float64") raises KeyError.
_B = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive; rank and ratio must be at least 0")
    b = _B[precision]  # fails for an unknown name
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * lora_rank / 2048
    full, lora = [n * b, n * t, 2 * n * t], [n * b, p * t, p * t, 2 * p * t]
    keys = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
            "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio"]
    return dict(zip(keys, full + [sum(full)] + lora + [sum(lora), sum(lora) / sum(full)]))
