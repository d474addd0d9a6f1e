# mistake: unnamed
# Calculate_memory_requirements(7, precision="float64") returns a result.
import torch


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision == "int4":  # torch has none
        b = 0.5
    else:
        dtype = getattr(torch, precision, None)
        if not isinstance(dtype, torch.dtype):
            raise ValueError(f"{precision} is not a dtype")
        b = dtype.itemsize
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = N * (b + 3 * t)
    lora = N * b + 4 * P * t
    return {k: v / 1e9 for k, v in {
        "full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t, "full_ft_total": full,
        "lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t,
        "lora_total": lora}.items()} | {"memory_savings_ratio": lora / full}
