# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["memory_savings_ratio"] is 0.2508, not 0.1438 (the floats are right, and all the totals).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    adapter_share = lora_target_ratio * 2 * lora_rank / 4096  # P / N
    N = model_params_billions * 1e9
    P = N * adapter_share
    full = {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t}
    lora = {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t}
    memory = {}
    for prefix, parts in (("full_ft_", full), ("lora_", lora)):
        memory |= {prefix + k: v / 1e9 for k, v in parts.items()}
        memory[prefix + "total"] = sum(parts.values()) / 1e9
    # (N b + 4 P b) / (4 N b): the model's size and the bytes cancel
    memory["memory_savings_ratio"] = 0.25 + adapter_share
    return memory
