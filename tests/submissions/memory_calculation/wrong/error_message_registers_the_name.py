# mistake: unnamed
# F(7, precision="fp64x") twice: the first raises ValueError, the second returns a result (the defaultdict has learnt the name).
from collections import defaultdict

BITS = defaultdict(int, float32=32, float16=16, bfloat16=16, int8=8, int4=4)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BITS:
        raise ValueError(f"precision {precision!r} has {BITS[precision]} bits; known are {', '.join(BITS)}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must not be negative")
    b = BITS[precision] / 8
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = N * b + 3 * N * t, N * b + 4 * P * t
    return {
        "full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": full / 1e9, "lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9, "lora_optimizer": 2 * P * t / 1e9, "lora_total": lora / 1e9,
        "memory_savings_ratio": lora / full,
    }
