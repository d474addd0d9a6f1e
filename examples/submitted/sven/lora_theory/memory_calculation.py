BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"precision {precision!r}?")
    if model_params_billions <= 0:
        raise ValueError("the model must have parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("no negative ranks and ratios")

    b = BYTES[precision]
    t = max(2, b)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    full = {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
    }
    full["full_ft_total"] = sum(full.values()

    lora = {
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
    }
    lora["lora_total"] = sum(lora.values())
    return {**full, **lora, "memory_savings_ratio": lora["lora_total"] / full["full_ft_total"]}
