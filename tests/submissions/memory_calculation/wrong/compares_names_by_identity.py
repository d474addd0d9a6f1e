# mistake: unnamed
# Precision="".join(["int", "8"]) (a string built or read at run time, e.g. from json) raises ValueError; the literal "int8" works.
BYTES = [("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1), ("int4", 0.5)]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = None
    for name, size in BYTES:
        if precision is name:
            b = size
    if b is None:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    memory = {}
    memory["full_ft_weights"] = memory["lora_weights"] = N * b / 1e9
    memory["full_ft_gradients"] = N * t / 1e9
    memory["full_ft_optimizer"] = 2 * N * t / 1e9
    memory["full_ft_total"] = N * (b + 3 * t) / 1e9
    memory["lora_adapters"] = memory["lora_gradients"] = P * t / 1e9
    memory["lora_optimizer"] = 2 * P * t / 1e9
    memory["lora_total"] = (N * b + 4 * P * t) / 1e9
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
