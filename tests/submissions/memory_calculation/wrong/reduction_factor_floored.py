# mistake: unnamed
# Lora_rank=12: divides by 170 instead of 170.67 (ranks that are powers of two are right).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
D_MODEL = 4096


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}, choose from {list(BYTES)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    # an adapter is d*d / (2*d*r) = d / (2*r) times smaller than its weight
    times_smaller = D_MODEL // (2 * lora_rank) if lora_rank else float("inf")
    P = N * lora_target_ratio / times_smaller
    full_ft_weights, full_ft_gradients, full_ft_optimizer = N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9
    lora_weights, lora_adapters, lora_gradients, lora_optimizer = N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    return {
        "full_ft_weights": full_ft_weights, "full_ft_gradients": full_ft_gradients,
        "full_ft_optimizer": full_ft_optimizer, "full_ft_total": full_ft_total, "lora_weights": lora_weights,
        "lora_adapters": lora_adapters, "lora_gradients": lora_gradients, "lora_optimizer": lora_optimizer,
        "lora_total": lora_total, "memory_savings_ratio": lora_total / full_ft_total,
    }
