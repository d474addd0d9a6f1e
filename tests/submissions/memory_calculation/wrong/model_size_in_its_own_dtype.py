# mistake: unnamed
# The model size becomes a tensor of the given dtype, so sizes as 1.3 are rounded under float16 and bfloat16.
import torch


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    known = ["float32", "float16", "bfloat16", "int8", "int4"]
    if precision not in known:
        raise ValueError("precision must be one of " + ", ".join(known))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank must not be negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must not be negative")

    if precision.startswith("int"):
        b = int(precision[3:]) / 8
        size = torch.tensor(model_params_billions, dtype=torch.float64)
    else:
        dtype = getattr(torch, precision)
        b = dtype.itemsize
        size = torch.tensor(model_params_billions, dtype=dtype)
    t = max(b, 2)
    n = size.double() * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    result = {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t}
    result["full_ft_total"] = sum(result.values())
    result["lora_weights"] = n * b
    result["lora_adapters"] = p * t
    result["lora_gradients"] = p * t
    result["lora_optimizer"] = 2 * p * t
    result["lora_total"] = result["lora_weights"] + 4 * p * t
    result = {key: (value / 1e9).item() for key, value in result.items()}
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
