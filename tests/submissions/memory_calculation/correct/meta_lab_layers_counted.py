# unusual: P is not a formula, a real lab.LoRALayer of 4096 x 4096 is built on the meta device and its trainable numbers counted: 2 * d * r per d * d weights, so the same P
import torch
from torch import nn

from lab import LoRALayer

D_MODEL = 4096
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16, "int8": torch.int8}


def bytes_of(precision: str) -> float:
    if precision == "int4":  # torch has no int4: two to a byte
        return torch.empty((), dtype=torch.uint8).element_size() / 2
    if precision in DTYPES:
        return torch.empty((), dtype=DTYPES[precision]).element_size()
    raise ValueError(f"Unsupported precision: {precision}")


def adapter_params_per_weight(rank: int) -> float:
    if rank == 0:
        return 0.0
    layer = LoRALayer(nn.Linear(D_MODEL, D_MODEL, bias=False, device="meta"), rank=rank)
    trainable = sum(p.numel() for p in layer.parameters() if p.requires_grad)
    frozen = sum(p.numel() for p in layer.parameters() if not p.requires_grad)
    return trainable / frozen


@torch.no_grad()
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    weight_bytes = bytes_of(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions should be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio should not be negative")
    train_bytes = weight_bytes if DTYPES.get(precision, torch.int8).is_floating_point else torch.float16.itemsize

    n = torch.tensor(float(model_params_billions), dtype=torch.float64)
    p = n * lora_target_ratio * adapter_params_per_weight(lora_rank)
    full = torch.stack([n * weight_bytes, n * train_bytes, n * 2 * train_bytes])
    lora = torch.stack([n * weight_bytes, p * train_bytes, p * train_bytes, p * 2 * train_bytes])

    memory = {}
    for k, v in zip(["weights", "gradients", "optimizer", "total"], [*full, full.sum()]):
        memory["full_ft_" + k] = v.item()
    for k, v in zip(["weights", "adapters", "gradients", "optimizer", "total"], [*lora, lora.sum()]):
        memory["lora_" + k] = v.item()
    memory["memory_savings_ratio"] = (lora.sum() / full.sum()).item()
    return memory
