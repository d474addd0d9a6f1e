# style: NumPy single precision everywhere, values are np.float32
import numpy as np

F = np.float32
WIDTH = {"float32": F(4), "float16": F(2), "bfloat16": F(2), "int8": F(1), "int4": F(0.5)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in WIDTH:
        raise ValueError(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")
    g = F(model_params_billions)                 # billions of params == GB per byte
    b = WIDTH[precision]
    t = np.maximum(b, F(2))
    p = g * F(lora_target_ratio) * F(2) * F(lora_rank) / F(4096)
    res = {}
    res["full_ft_weights"] = F(g * b)
    res["full_ft_gradients"] = F(g * t)
    res["full_ft_optimizer"] = F(F(2) * g * t)
    res["full_ft_total"] = res["full_ft_weights"] + res["full_ft_gradients"] + res["full_ft_optimizer"]
    res["lora_weights"] = res["full_ft_weights"]
    res["lora_adapters"] = F(p * t)
    res["lora_gradients"] = F(p * t)
    res["lora_optimizer"] = F(F(2) * p * t)
    res["lora_total"] = res["lora_weights"] + res["lora_adapters"] + res["lora_gradients"] + res["lora_optimizer"]
    res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
    return res
