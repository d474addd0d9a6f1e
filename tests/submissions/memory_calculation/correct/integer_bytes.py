# integer bytes
from operator import index


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """Counts whole nibbles and parameters, divides at the end."""
    nibbles = {"float32": 8, "float16": 4, "bfloat16": 4, "int8": 2, "int4": 1}
    if precision not in nibbles or model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError((model_params_billions, lora_rank, lora_target_ratio, precision))
    N = model_params_billions * 1e9
    P = int(N * lora_target_ratio * 2 * index(lora_rank) / 4096)
    w = nibbles[precision]
    t = w if w >= 4 else 4
    full = {"full_ft_weights": N * w, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t}
    lora = {"lora_weights": N * w, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t}
    full["full_ft_total"] = sum(full.values())
    lora["lora_total"] = sum(lora.values())
    out = {}
    for part in (full, lora):
        for key in part:
            out[key] = part[key] / 2 / 1e9
    out["memory_savings_ratio"] = lora["lora_total"] / full["full_ft_total"]
    return out
