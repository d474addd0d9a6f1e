# mistake: unnamed
# Calculate_memory_requirements(13)["lora_adapters"] uses d = 5120 (7 is right).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _hidden_size(billions):
    """Llama's hidden sizes."""
    if billions > 40:
        return 8192
    if billions > 10:
        return 5120
    return 4096


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"{precision!r} is not one of {', '.join(BYTES)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    d = _hidden_size(model_params_billions)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * (2 * d * lora_rank) / d**2
    full = [N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9]
    lora = [N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9]
    res = dict(zip(("full_ft_weights", "full_ft_gradients", "full_ft_optimizer"), full), full_ft_total=sum(full))
    res.update(zip(("lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer"), lora), lora_total=sum(lora))
    res["memory_savings_ratio"] = sum(lora) / sum(full)
    return res
