# mistake: unnamed
# At int8 and int4 the optimizer alone is kept in float32.

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size")
    n, b = model_params_billions, BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    s = 4 if b < 2 else t
    full = {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * s}
    lora = {"lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * s}
    result = {**full, "full_ft_total": sum(full.values()), **lora, "lora_total": sum(lora.values())}
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
