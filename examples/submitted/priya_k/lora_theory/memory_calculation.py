def calculate_memory_requirements(
    model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"
):
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative size")

    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get(precision, 4)
    trained_bytes = max(bytes_per_param, 2)

    N = model_params_billions  # billions of params * bytes = GB
    full = {
        "full_ft_weights": N * bytes_per_param,
        "full_ft_gradients": N * trained_bytes,
        "full_ft_optimizer": N * trained_bytes * 2,
    }
    full["full_ft_total"] = sum(full.values())

    P = N * lora_target_ratio * 2 * lora_rank / 4096
    lora = {
        "lora_weights": N * bytes_per_param,
        "lora_adapters": P * trained_bytes,
        "lora_gradients": P * trained_bytes,
        "lora_optimizer": P * trained_bytes * 2,
    }
    lora["lora_total"] = sum(lora.values())

    savings = 1 - lora["lora_total"] / full["full_ft_total"]
    return {**full, **lora, "memory_savings_ratio": savings}
