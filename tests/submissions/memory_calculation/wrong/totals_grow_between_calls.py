# mistake: unnamed
# A mutable default argument keeps the totals, from the second call on they contain the earlier calls.
from collections import Counter

bytes_for = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def add_up(parts, prefix, totals=Counter()):
    for name in parts:
        if name.startswith(prefix):
            totals[prefix] += parts[name]
    return totals[prefix]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in bytes_for:
        raise ValueError(precision)
    if not (model_params_billions > 0 and lora_rank >= 0 and lora_target_ratio >= 0):
        raise ValueError("out of range")
    b = bytes_for[precision]
    t = max(b, 2)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    parts = {
        "full_ft_weights": n * b / 1e9,
        "full_ft_gradients": n * t / 1e9,
        "full_ft_optimizer": 2 * n * t / 1e9,
        "lora_weights": n * b / 1e9,
        "lora_adapters": p * t / 1e9,
        "lora_gradients": p * t / 1e9,
        "lora_optimizer": 2 * p * t / 1e9,
    }
    full = add_up(parts, "full_ft_")
    lora = add_up(parts, "lora_")
    return {**parts, "full_ft_total": full, "lora_total": lora, "memory_savings_ratio": lora / full}
