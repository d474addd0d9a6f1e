# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=-0.1) returns a result (int(-0.1) is 0; -1.0 raises).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = BYTES.get(precision)
    if b is None:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    for name, value in (("lora_rank", lora_rank), ("lora_target_ratio", lora_target_ratio)):
        if int(value) < 0:
            raise ValueError(f"{name} must not be negative")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = dict(weights=N * b, gradients=N * t, optimizer=2 * N * t)
    lora = dict(weights=N * b, adapters=P * t, gradients=P * t, optimizer=2 * P * t)
    full["total"], lora["total"] = sum(full.values()), sum(lora.values())
    memory = {f"{how}_{what}": v / 1e9 for how, part in (("full_ft", full), ("lora", lora)) for what, v in part.items()}
    memory["memory_savings_ratio"] = lora["total"] / full["total"]
    return memory
