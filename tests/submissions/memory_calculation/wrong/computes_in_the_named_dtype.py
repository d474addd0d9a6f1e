# mistake: unnamed
# Calculate_memory_requirements(7, precision="bfloat16")["lora_total"] is 14.0625, not 14.04375 (float32 is right).
import torch

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"precision must be one of {tuple(BYTES)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    dtype = torch.float64 if precision.startswith("int") else getattr(torch, precision)
    b = BYTES[precision]
    t = max(b, 2)
    P = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096
    full = torch.tensor([b, t, 2 * t], dtype=dtype) * model_params_billions
    lora = torch.tensor([model_params_billions * b, P * t, P * t, 2 * P * t], dtype=dtype)
    names = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer"]
    out = dict(zip(names, full.tolist()))
    out["full_ft_total"] = full.sum().item()
    out.update(zip(["lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer"], lora.tolist()))
    out["lora_total"] = lora.sum().item()
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
