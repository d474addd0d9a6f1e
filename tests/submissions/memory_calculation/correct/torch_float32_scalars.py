# values are 0-d float32 tensors, mixed with a Python float for the ratio
import torch


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    names = ["float32", "float16", "bfloat16", "int8", "int4"]
    widths = torch.tensor([4, 2, 2, 1, 0.5])
    if precision not in names:
        raise ValueError("unknown precision")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("must be >= 0")
    b = widths[names.index(precision)]
    t = torch.max(b, torch.tensor(2.0))
    n = torch.tensor(float(model_params_billions))
    p = n * (lora_target_ratio * 2 * lora_rank / 4096)
    r = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
    }
    r["full_ft_total"] = sum(v for k, v in list(r.items()) if k.startswith("full_ft_"))
    r["lora_total"] = sum(v for k, v in list(r.items()) if k.startswith("lora_"))
    r["memory_savings_ratio"] = (r["lora_total"] / r["full_ft_total"]).item()
    return r
