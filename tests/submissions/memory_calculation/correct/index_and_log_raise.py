# style: code golf, ValueErrors come from tuple.index, math.log and math.sqrt themselves
import math

NAMES = "int4", "int8", "float16", "bfloat16", "float32"


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = (0.5, 1, 2, 2, 4)[NAMES.index(precision)]      # ValueError: tuple.index(x): x not in tuple
    math.log(model_params_billions)                      # ValueError: math domain error, for 0 and below
    math.sqrt(lora_rank), math.sqrt(lora_target_ratio)   # the same, below 0
    n, t = model_params_billions, max(b, 2)
    p = n * lora_target_ratio * lora_rank / 2 ** 11
    f = [n * b, n * t, 2 * n * t]
    l = [n * b, p * t, p * t, 2 * p * t]
    k = "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters " \
        "lora_gradients lora_optimizer lora_total memory_savings_ratio"
    return dict(zip(k.split(), f + [sum(f)] + l + [sum(l), sum(l) / sum(f)]))
