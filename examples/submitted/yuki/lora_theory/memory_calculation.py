BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
D = 4096


def count_adapter_parameters(n_params, ratio, rank):
    """Hand out the targeted parameters to d x d weights, one weight after the other."""
    remaining = n_params * ratio
    total = 0.0
    while remaining != 0:
        total += 2 * D * rank
        remaining -= D * D
    return total


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"{precision} is not supported")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("model size must be positive, rank and ratio not negative")

    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2.0)
    p = count_adapter_parameters(n, lora_target_ratio, lora_rank)

    memory = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "full_ft_total": n * (b + 3 * t),
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
        "lora_total": n * b + 4 * p * t,
    }
    memory = {key: value / 1e9 for key, value in memory.items()}
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
