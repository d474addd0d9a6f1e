# who: Fatou, PyTorch only, looks sizes up rather than write them down; unusual: element_size of meta tensors, floored P, sums with torch in float64
import math

import torch

_DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
    "int4": None,  # two of them to a uint8, as bitsandbytes packs them
}


def bytes_of(precision):
    dtype = _DTYPES[precision]
    if dtype is None:
        return torch.empty(1, dtype=torch.uint8, device="meta").element_size() / 2
    return torch.empty(1, dtype=dtype, device="meta").element_size()


def trained_bytes_of(precision):
    dtype = _DTYPES[precision]
    if dtype is None or not dtype.is_floating_point:
        dtype = torch.bfloat16
    return dtype.itemsize


@torch.no_grad()
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _DTYPES:
        raise ValueError(f"precision should be one of {list(_DTYPES)}, not {precision}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions <= 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative lora_rank / lora_target_ratio")

    b, t = bytes_of(precision), trained_bytes_of(precision)
    N = model_params_billions * 1e9
    P = math.floor(N * lora_target_ratio * 2 * lora_rank / 4096)  # whole parameters

    full = torch.tensor([N * b, N * t, 2 * N * t], dtype=torch.float64) / 1e9
    lora = torch.tensor([N * b, P * t, P * t, 2 * P * t], dtype=torch.float64) / 1e9

    out = {}
    for name, v in zip(["weights", "gradients", "optimizer"], full):
        out["full_ft_" + name] = v.item()
    out["full_ft_total"] = full.sum().item()
    for name, v in zip(["weights", "adapters", "gradients", "optimizer"], lora):
        out["lora_" + name] = v.item()
    out["lora_total"] = lora.sum().item()
    out["memory_savings_ratio"] = (lora.sum() / full.sum()).item()
    return out
