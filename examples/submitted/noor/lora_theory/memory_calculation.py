"""Exercise 3, second try."""

WIDTH = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 1 / 2}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in WIDTH:
        raise ValueError(f"unknown precision {precision!r}")
    if not model_params_billions > 0:
        raise ValueError("model size must be positive")
    if min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("rank and ratio must not be negative")

    stored = WIDTH[precision]
    trained = max(stored, 2)
    adapter_billions = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096

    def training(prefix, billions):
        return {f"{prefix}_gradients": billions * trained, f"{prefix}_optimizer": 2 * billions * trained}

    full = {"full_ft_weights": model_params_billions * stored, **training("full_ft", model_params_billions)}
    lora = {
        "lora_weights": model_params_billions * stored,
        "lora_adapters": adapter_billions * trained,
        **training("lora", adapter_billions),
    }
    full["full_ft_total"] = sum(full.values())
    lora["lora_total"] = sum(lora.values())
    return full | lora | {"memory_savings_ratio": lora["lora_total"] / full["full_ft_total"]}
