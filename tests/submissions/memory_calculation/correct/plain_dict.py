# plain: a dictionary of byte widths and a few lines of float arithmetic
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision: {precision}")
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")

    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    gb = 1e9
    result = {
        "full_ft_weights": n * b / gb,
        "full_ft_gradients": n * t / gb,
        "full_ft_optimizer": 2 * n * t / gb,
        "lora_weights": n * b / gb,
        "lora_adapters": p * t / gb,
        "lora_gradients": p * t / gb,
        "lora_optimizer": 2 * p * t / gb,
    }
    result["full_ft_total"] = result["full_ft_weights"] + result["full_ft_gradients"] + result["full_ft_optimizer"]
    result["lora_total"] = (
        result["lora_weights"] + result["lora_adapters"] + result["lora_gradients"] + result["lora_optimizer"]
    )
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
