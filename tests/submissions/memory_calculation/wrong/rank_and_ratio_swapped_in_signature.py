# mistake: unnamed
# Calculate_memory_requirements(7, 8): the second positional argument is taken as the ratio (both given by position, or by keyword, come out right: only the product counts).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_target_ratio=0.1, lora_rank=16, precision="float32"):
    # rank and ratio enter only as a product
    if precision not in BYTES:
        raise ValueError("precision?")
    if model_params_billions <= 0 or lora_target_ratio < 0 or lora_rank < 0:
        raise ValueError("size > 0, rank >= 0, ratio >= 0")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions
    P = N * (lora_target_ratio * lora_rank) * 2 / 4096
    ans = dict(full_ft_weights=N * b, full_ft_gradients=N * t, full_ft_optimizer=N * t * 2)
    ans["full_ft_total"] = sum(ans.values())
    lora = dict(lora_weights=N * b, lora_adapters=P * t, lora_gradients=P * t, lora_optimizer=P * t * 2)
    lora["lora_total"] = sum(lora.values())
    return {**ans, **lora, "memory_savings_ratio": lora["lora_total"] / ans["full_ft_total"]}
