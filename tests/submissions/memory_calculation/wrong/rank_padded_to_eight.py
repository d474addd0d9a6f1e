# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=4)["lora_adapters"] is that of rank 8 (8, 16, 32, 64 are right).
import math

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    rows = 8 * math.ceil(lora_rank / 8)  # tensor cores want multiples of 8, so the factors are padded
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * rows / 4096
    keys = ["weights", "adapters", "gradients", "optimizer"]
    full = dict(zip(keys, (N * b, 0, N * t, 2 * N * t)))
    lora = dict(zip(keys, (N * b, P * t, P * t, 2 * P * t)))
    memory = {}
    for prefix, parts in ("full_ft", full), ("lora", lora):
        for key in keys:
            memory[f"{prefix}_{key}"] = parts[key] / 1e9
        memory[f"{prefix}_total"] = sum(parts.values()) / 1e9
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
