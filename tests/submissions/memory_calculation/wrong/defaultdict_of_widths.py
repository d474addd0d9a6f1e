# mistake: unknown-precision-accepted
# The table is a defaultdict, an unknown name quietly gets 2 bytes.
from collections import defaultdict

width = defaultdict(lambda: 2)
width["float32"] = 4
width["int8"] = 1
width["int4"] = 0.5


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0:
        raise ValueError("the size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    b = width[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    r = dict(full_ft_weights=n * b, full_ft_gradients=n * t, full_ft_optimizer=2 * n * t)
    r["full_ft_total"] = sum(r.values())
    r.update(lora_weights=n * b, lora_adapters=p * t, lora_gradients=p * t, lora_optimizer=2 * p * t)
    r["lora_total"] = n * b + 4 * p * t
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
