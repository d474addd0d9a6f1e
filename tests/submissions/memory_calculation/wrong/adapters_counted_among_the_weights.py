# mistake: unnamed
# Calculate_memory_requirements(7)["lora_weights"] is 28.021875, not 28 (0.08 % off; adapters, total and ratio are right, since the total leaves the adapters out).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    def states(prefix, weights, trained):
        m = {"weights": weights, "gradients": trained * t, "optimizer": 2 * trained * t}
        m["total"] = sum(m.values())
        return {f"{prefix}_{k}": v / 1e9 for k, v in m.items()}

    memory = states("full_ft", N * b, N) | states("lora", N * b + P * t, P)
    memory["lora_adapters"] = P * t / 1e9
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
