# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=-1) raises AssertionError.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"precision {precision} not supported")
    assert model_params_billions > 0, "model size must be positive"
    assert lora_rank >= 0, "rank must not be negative"
    assert lora_target_ratio >= 0, "ratio must not be negative"
    b = BYTES[precision]
    t = b if b > 2 else 2
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    res = {
        "full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t, "full_ft_total": N * (b + 3 * t),
        "lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t,
        "lora_total": N * b + 4 * P * t,
    }
    res = {k: v / 1e9 for k, v in res.items()}
    res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
    return res
