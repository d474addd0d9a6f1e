# torch float64
import torch

SIZES = {str(d).removeprefix("torch."): torch.empty((), dtype=d).element_size() for d in (torch.float32, torch.float16, torch.bfloat16, torch.int8)}
SIZES["int4"] = SIZES["int8"] / 2


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZES:
        raise ValueError(f"no precision {precision}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes have to be positive")
    b = SIZES[precision]
    t = max(b, 2)
    n = torch.tensor(model_params_billions, dtype=torch.float64)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = torch.stack([n * b, n * t, 2 * n * t])
    lora = torch.stack([n * b, p * t, p * t, 2 * p * t])
    values = torch.cat([full, full.sum()[None], lora, lora.sum()[None], (lora.sum() / full.sum())[None]]).tolist()
    names = [f"full_ft_{k}" for k in ("weights", "gradients", "optimizer", "total")]
    names += [f"lora_{k}" for k in ("weights", "adapters", "gradients", "optimizer", "total")]
    return dict(zip([*names, "memory_savings_ratio"], values, strict=True))
