# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=-8, lora_target_ratio=-0.1) returns a result.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    N = model_params_billions * 1e9
    if N <= 0:
        raise ValueError("the model must have parameters")
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    if P < 0:
        raise ValueError("the adapters cannot have a negative number of parameters")
    b = BYTES[precision]
    t = max(b, 2)
    gb = {
        "full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t,
        "full_ft_total": N * b + 3 * N * t,
        "lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t,
        "lora_total": N * b + 4 * P * t,
    }
    gb = {key: value / 1e9 for key, value in gb.items()}
    gb["memory_savings_ratio"] = gb["lora_total"] / gb["full_ft_total"]
    return gb
