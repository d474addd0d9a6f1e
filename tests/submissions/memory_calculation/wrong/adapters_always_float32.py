# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["lora_adapters"] is doubled.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """PEFT casts the adapters of a half-precision or quantized model to float32."""
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("out of range")
    b = BYTES[precision]
    t, t_adapter = max(b, 2), BYTES["float32"]
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = n * b + 3 * n * t
    lora = n * b + 4 * p * t_adapter
    return {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": full,
            "lora_weights": n * b, "lora_adapters": p * t_adapter, "lora_gradients": p * t_adapter,
            "lora_optimizer": 2 * p * t_adapter, "lora_total": lora, "memory_savings_ratio": lora / full}
