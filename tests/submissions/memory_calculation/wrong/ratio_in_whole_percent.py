# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=0.125) computes with 12 % (0.1, 0.05, 0.25, 0.5 are right).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = round(model_params_billions * 10**9)
    percent = round(lora_target_ratio * 100)          # integers, so that nothing is lost to floats
    P = N * percent * 2 * lora_rank // (100 * 4096)
    sums = {"full_ft": 0.0, "lora": 0.0}
    memory = {}
    for how, what, count, size in (
        ("full_ft", "weights", N, b), ("full_ft", "gradients", N, t), ("full_ft", "optimizer", 2 * N, t),
        ("lora", "weights", N, b), ("lora", "adapters", P, t), ("lora", "gradients", P, t), ("lora", "optimizer", 2 * P, t),
    ):
        memory[f"{how}_{what}"] = count * size / 1e9
        sums[how] += count * size / 1e9
    memory["full_ft_total"], memory["lora_total"] = sums["full_ft"], sums["lora"]
    memory["memory_savings_ratio"] = sums["lora"] / sums["full_ft"]
    return memory
