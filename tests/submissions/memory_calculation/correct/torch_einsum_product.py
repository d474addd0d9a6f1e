# style: keys from itertools.product, numbers from torch.einsum over methods, parts and widths, .item() at the end
import itertools

import torch

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    widths = torch.tensor([b, t], dtype=torch.float64)
    counts = torch.tensor([[n, n], [n, p]], dtype=torch.float64)
    # parts: weights, adapters, gradients, optimizer; [method, part, (base or trained), (b or t)]
    share = torch.zeros(2, 4, 2, 2, dtype=torch.float64)
    share[0, 0, 0, 0] = share[0, 2, 1, 1] = share[1, 0, 0, 0] = share[1, 1, 1, 1] = share[1, 2, 1, 1] = 1
    share[0, 3, 1, 1] = share[1, 3, 1, 1] = 2
    grid = torch.einsum("mpcw,mc,w->mp", share, counts, widths) / 1e9
    names = itertools.product(("full_ft", "lora"), ("weights", "adapters", "gradients", "optimizer"))
    out = {"_".join(name): value.item() for name, value in zip(names, grid.flatten())}  # full_ft_adapters = 0 is an extra key
    totals = grid.sum(1)
    out["full_ft_total"], out["lora_total"] = totals.tolist()
    out["memory_savings_ratio"] = (totals[1] / totals[0]).item()
    return out
