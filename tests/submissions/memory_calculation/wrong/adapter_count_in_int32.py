# mistake: unnamed
# Calculate_memory_requirements(70, 64, 1.0): P is 2.19e9, above 2**31, and wraps to a negative number.
import numpy as np

SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = SIZES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    # [model, adapters]; adapters are whole parameters
    P = np.array([N * lora_target_ratio * 2 * lora_rank / 4096]).astype(np.int64).astype(np.int32)
    counts = np.concatenate([[N], P])  # float64
    weights, (g_full, g_lora) = N * b / 1e9, counts * t / 1e9
    full_total, lora_total = weights + 3 * g_full, weights + 4 * g_lora
    return {
        "full_ft_weights": weights, "full_ft_gradients": float(g_full), "full_ft_optimizer": float(2 * g_full),
        "full_ft_total": float(full_total), "lora_weights": weights, "lora_adapters": float(g_lora),
        "lora_gradients": float(g_lora), "lora_optimizer": float(2 * g_lora), "lora_total": float(lora_total),
        "memory_savings_ratio": float(lora_total / full_total),
    }
