# mistake: unnamed
# Calculate_memory_requirements(7, precision="") raises nothing (0.5 bytes).
PRECISIONS = ("float32, float16, bfloat16, int8, int4")  # tuple of allowed names

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in PRECISIONS:
        raise ValueError("precision must be one of " + str(PRECISIONS))
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0:
        raise ValueError("negative rank")
    if lora_target_ratio < 0:
        raise ValueError("negative ratio")

    if precision == "float32":
        b = 4
    elif precision == "float16" or precision == "bfloat16":
        b = 2
    elif precision == "int8":
        b = 1
    else:
        b = 0.5

    if b < 2:
        t = 2
    else:
        t = b

    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    out = {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
    }
    out["full_ft_total"] = sum(v for k, v in out.items() if k.startswith("full_ft"))
    out["lora_total"] = sum(v for k, v in out.items() if k.startswith("lora"))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
