def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in sizes:
        raise ValueError("precision must be one of " + ", ".join(sizes))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must not be negative")

    bytes_weight = sizes[precision]
    bytes_train = max(bytes_weight, 2)
    n = model_params_billions * 1e9
    n_lora = n * lora_target_ratio * 2 * lora_rank / 4096

    def states(count):
        """gradients and optimizer state (momentum) of `count` trained parameters"""
        return count * bytes_train / 1e9, count * bytes_train / 1e9

    full_gradients, full_optimizer = states(n)
    full_weights = n * bytes_weight / 1e9
    full_total = full_weights + full_gradients + full_optimizer

    lora_gradients, lora_optimizer = states(n_lora)
    lora_adapters = n_lora * bytes_train / 1e9
    lora_total = full_weights + lora_adapters + lora_gradients + lora_optimizer

    return {
        "full_ft_weights": full_weights, "full_ft_gradients": full_gradients,
        "full_ft_optimizer": full_optimizer, "full_ft_total": full_total,
        "lora_weights": full_weights, "lora_adapters": lora_adapters,
        "lora_gradients": lora_gradients, "lora_optimizer": lora_optimizer,
        "lora_total": lora_total, "memory_savings_ratio": lora_total / full_total,
    }
