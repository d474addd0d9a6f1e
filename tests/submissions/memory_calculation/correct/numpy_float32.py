# values are np.float32 scalars (seven digits are plenty)
import numpy as np

f4 = np.float32
PER_PARAM = {"float32": f4(4), "float16": f4(2), "bfloat16": f4(2), "int8": f4(1), "int4": f4(0.5)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = PER_PARAM.get(precision)
    if b is None:
        raise ValueError("precision not supported: %s" % precision)
    if model_params_billions <= 0:
        raise ValueError("need a positive number of parameters")
    if min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("lora_rank and lora_target_ratio must be >= 0")
    t = max(b, f4(2))
    n = f4(model_params_billions)  # in billions = GB per byte
    p = n * f4(lora_target_ratio) * f4(2 * lora_rank) / f4(4096)
    d = {}
    d["full_ft_weights"] = n * b
    d["full_ft_gradients"] = n * t
    d["full_ft_optimizer"] = f4(2) * n * t
    d["full_ft_total"] = d["full_ft_weights"] + d["full_ft_gradients"] + d["full_ft_optimizer"]
    d["lora_weights"] = d["full_ft_weights"]
    d["lora_adapters"] = p * t
    d["lora_gradients"] = p * t
    d["lora_optimizer"] = f4(2) * p * t
    d["lora_total"] = d["lora_weights"] + d["lora_adapters"] + d["lora_gradients"] + d["lora_optimizer"]
    d["memory_savings_ratio"] = d["lora_total"] / d["full_ft_total"]
    return d
