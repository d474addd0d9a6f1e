# mistake: unnamed
# Calculate_memory_requirements(7)["lora_adapters"]: 41 matrices instead of 41.7.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size, rank or ratio")
    b, d = BYTES[precision], 4096
    t = max(b, 2)
    N = model_params_billions * 1e9
    n_weights = int(N * lora_target_ratio // (d * d))   # how many d x d matrices get an adapter
    P = n_weights * 2 * d * lora_rank
    full_total = N * b + N * t + 2 * N * t
    lora_total = N * b + P * t + P * t + 2 * P * t
    return {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": full_total / 1e9,
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
        "lora_total": lora_total / 1e9,
        "memory_savings_ratio": lora_total / full_total,
    }
