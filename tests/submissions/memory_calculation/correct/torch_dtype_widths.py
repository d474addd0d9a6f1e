# style: asks torch for the widths (element_size, finfo, iinfo), two uint8 nibbles for int4
import torch

_DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "int8": torch.int8, "int4": None}


def _bytes_per_parameter(precision):
    if precision not in _DTYPES:
        raise ValueError(f"Unsupported precision: {precision}. Supported: {list(_DTYPES)}")
    dtype = _DTYPES[precision]
    if dtype is None:
        return torch.empty(1, dtype=torch.uint8).element_size() / 2
    info = torch.finfo(dtype) if dtype.is_floating_point else torch.iinfo(dtype)
    return info.bits / 8


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = _bytes_per_parameter(precision)
    trained = _DTYPES[precision]
    if trained is None or not trained.is_floating_point:
        trained = torch.bfloat16
    t = torch.empty((), dtype=trained).element_size()

    if model_params_billions <= 0:
        raise ValueError("Model size must be positive")
    if lora_rank < 0:
        raise ValueError("LoRA rank must be non-negative")
    if lora_target_ratio < 0:
        raise ValueError("LoRA ratio must be non-negative")

    n = torch.tensor(model_params_billions, dtype=torch.float64) * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = torch.stack([n * b, n * t, 2 * n * t]) / 1e9
    lora = torch.stack([n * b, p * t, p * t, 2 * p * t]) / 1e9
    return {
        "full_ft_weights": full[0].item(), "full_ft_gradients": full[1].item(), "full_ft_optimizer": full[2].item(),
        "full_ft_total": full.sum().item(),
        "lora_weights": lora[0].item(), "lora_adapters": lora[1].item(), "lora_gradients": lora[2].item(),
        "lora_optimizer": lora[3].item(), "lora_total": lora.sum().item(),
        "memory_savings_ratio": (lora.sum() / full.sum()).item(),
    }
