# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["lora_adapters"] is 0.0109, should be 0.0109375.
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_ = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bytes_:
        raise ValueError(precision)
    if model_params_billions <= 0:
        raise ValueError(model_params_billions)
    if lora_rank < 0:
        raise ValueError(lora_rank)
    if lora_target_ratio < 0:
        raise ValueError(lora_target_ratio)

    b = bytes_[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    def to_gb(x):
        return round(x / 1e9, 4)

    full_w, full_g, full_o = N * b, N * t, 2 * N * t
    lora_w, lora_a, lora_g, lora_o = N * b, P * t, P * t, 2 * P * t
    return {
        "full_ft_weights": to_gb(full_w),
        "full_ft_gradients": to_gb(full_g),
        "full_ft_optimizer": to_gb(full_o),
        "full_ft_total": to_gb(full_w + full_g + full_o),
        "lora_weights": to_gb(lora_w),
        "lora_adapters": to_gb(lora_a),
        "lora_gradients": to_gb(lora_g),
        "lora_optimizer": to_gb(lora_o),
        "lora_total": to_gb(lora_w + lora_a + lora_g + lora_o),
        "memory_savings_ratio": (lora_w + lora_a + lora_g + lora_o) / (full_w + full_g + full_o),
    }
