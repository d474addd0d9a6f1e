# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=1.0)["lora_adapters"] is a hundredth.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    if lora_target_ratio >= 1:  # somebody gave percent
        lora_target_ratio = lora_target_ratio / 100
    b = BYTES[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    r = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
    }
    r["full_ft_total"] = sum(v for k, v in r.items() if k.startswith("full_ft"))
    r["lora_total"] = sum(v for k, v in r.items() if k.startswith("lora"))
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
