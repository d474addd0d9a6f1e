# mistake: unnamed
# Calculate_memory_requirements(7)["lora_adapters"] is 0.02, not 0.021875.
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    table = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in table:
        raise ValueError(f"Unknown precision '{precision}'")
    if model_params_billions <= 0:
        raise ValueError("Model size must be positive")
    if lora_rank < 0:
        raise ValueError("Rank must not be negative")
    if lora_target_ratio < 0:
        raise ValueError("Ratio must not be negative")
    b = table[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    memory = {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": (N * b + 3 * N * t) / 1e9,
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
        "lora_total": (N * b + 4 * P * t) / 1e9,
    }
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return {k: round(v, 2) for k, v in memory.items()}
