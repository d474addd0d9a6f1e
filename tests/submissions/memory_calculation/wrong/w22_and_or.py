# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=-1) raises nothing.
from math import prod

BYTES = dict(zip("float32 float16 bfloat16 int8 int4".split(), (4, 2, 2, 1, .5)))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("precision not in " + repr(list(BYTES)))
    if model_params_billions <= 0:
        raise ValueError("model size not positive")
    # neither may be below zero
    if not (lora_rank >= 0 or lora_target_ratio >= 0):
        raise ValueError("rank or ratio negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 10 ** 9
    P = prod([N, lora_target_ratio, 2, lora_rank]) / 4096

    m = {}
    m["full_ft_weights"] = N * b
    m["full_ft_gradients"] = N * t
    m["full_ft_optimizer"] = 2 * N * t
    m["full_ft_total"] = sum(m.values())
    ft = m["full_ft_total"]
    m["lora_weights"] = N * b
    m["lora_adapters"] = P * t
    m["lora_gradients"] = P * t
    m["lora_optimizer"] = 2 * P * t
    m["lora_total"] = sum(m.values()) - 2 * ft
    m = {k: m[k] / 10 ** 9 for k in m}
    m["memory_savings_ratio"] = m["lora_total"] / m["full_ft_total"]
    return m
