# mistake: unnamed
# Calculate_memory_requirements(1, lora_rank=4096)["lora_adapters"] is 0.4, should be 0.8.
"""LoRA memory. Low rank means low rank: A and B together never hold more numbers than the weight itself."""

SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
D = 4096


def adapter_params(n, ratio, rank):
    targeted = n * ratio
    return min(targeted * 2 * rank / D, targeted)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZES:
        raise ValueError(f"unknown precision {precision!r}; use one of {tuple(SIZES)}")
    if model_params_billions <= 0:
        raise ValueError("the model needs parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio are counts and shares, not negative")
    b = SIZES[precision]
    t = max(b, 2)
    n = model_params_billions * 1e9
    p = adapter_params(n, lora_target_ratio, lora_rank)
    mem = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "full_ft_total": n * b + n * t + 2 * n * t,
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
        "lora_total": n * b + p * t + p * t + 2 * p * t,
    }
    ratio = mem["lora_total"] / mem["full_ft_total"]
    mem = {k: v / 1e9 for k, v in mem.items()}
    mem["memory_savings_ratio"] = ratio
    return mem
