# mistake: unnamed
# Calculate_memory_requirements(13)["lora_adapters"] is 0.0325, should be 0.040625.
# hidden sizes from the LLaMA / LLaMA-2 model cards
LLAMA = [(1.5, 2048), (4, 3200), (9, 4096), (20, 5120), (40, 6656), (float("inf"), 8192)]


def hidden_size(billions):
    for upper, d in LLAMA:
        if billions < upper:
            return d


def bytes_for(precision):
    if precision == "float32":
        return 4
    if precision in ("float16", "bfloat16"):
        return 2
    if precision == "int8":
        return 1
    if precision == "int4":
        return 0.5
    raise ValueError(f"unknown precision {precision!r}")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = bytes_for(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must not be negative")
    t = max(b, 2)
    d = hidden_size(model_params_billions)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / d
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
