# mistake: unnamed
# P is capped at N * ratio (an adapter is never larger than its weight), wrong above rank 2048.
# style: plain, well-meant cap
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    p = min(p, n * lora_target_ratio)  # an adapter cannot be larger than what it adapts
    full = [n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9]
    lora = [n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9]
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
