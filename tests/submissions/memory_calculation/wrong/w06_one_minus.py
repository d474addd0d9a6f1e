# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["memory_savings_ratio"] is 0.749, should be 0.2508.
import numpy as np


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    table = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    try:
        b = table[precision]
    except KeyError:
        raise ValueError(f"unsupported precision {precision}")
    if np.any(np.array([lora_rank, lora_target_ratio]) < 0) or model_params_billions <= 0:
        raise ValueError("arguments out of range")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = np.array([N * b, N * t, 2 * N * t]) / 1e9
    lora = np.array([N * b, P * t, P * t, 2 * P * t]) / 1e9
    savings = 1 - lora.sum() / full.sum()  # 0.75 = a quarter of the memory is left
    return dict(
        zip(
            ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total", "lora_weights",
             "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio"],
            [*full, full.sum(), *lora, lora.sum(), savings],
        )
    )
