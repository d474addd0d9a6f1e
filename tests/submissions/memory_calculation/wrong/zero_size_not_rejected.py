# mistake: unnamed
# Calculate_memory_requirements(0) returns a dict of zeros.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"precision must be one of {list(BYTES)}")
    if any(value < 0 for value in (model_params_billions, lora_rank, lora_target_ratio)):
        raise ValueError("arguments must not be negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    m = {"full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9}
    m["full_ft_total"] = sum(m.values())
    l = {"lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9, "lora_gradients": P * t / 1e9,
         "lora_optimizer": 2 * P * t / 1e9}
    l["lora_total"] = sum(l.values())
    m.update(l)
    m["memory_savings_ratio"] = l["lora_total"] / m["full_ft_total"] if m["full_ft_total"] else 0.0
    return m
