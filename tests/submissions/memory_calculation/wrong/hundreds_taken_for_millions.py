# mistake: unnamed
# Calculate_memory_requirements(405)["full_ft_weights"] is 1.62, not 1620 (up to 200 all is right).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    # GPT-3 has 175; 350 or 774 is somebody who gave millions
    unit = 1e6 if model_params_billions > 200 else 1e9
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * unit
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    memory = {
        "full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t,
        "full_ft_total": N * b + 3 * N * t,
        "lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t,
        "lora_total": N * b + 4 * P * t,
    }
    for key in memory:
        memory[key] /= 1e9
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
