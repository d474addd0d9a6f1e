# values are 0-d float64 tensors
import torch

_BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict:
    if precision not in _BYTES:
        raise ValueError(f"precision must be in {sorted(_BYTES)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes must not be negative")
    n = torch.as_tensor(model_params_billions, dtype=torch.float64) * 1e9
    b = torch.tensor(_BYTES[precision], dtype=torch.float64)
    t = b.clamp(min=2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = torch.stack([n * b, n * t, 2 * n * t]) / 1e9
    lora = torch.stack([n * b, p * t, p * t, 2 * p * t]) / 1e9
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": full.sum(),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": lora.sum(),
        "memory_savings_ratio": lora.sum() / full.sum(),
    }
