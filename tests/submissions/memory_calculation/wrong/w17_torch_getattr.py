# mistake: unnamed
# Calculate_memory_requirements(7, precision="float64") raises nothing (8 bytes).
import torch


def nbytes(precision: str) -> float:
    if precision == "int4":
        return 0.5  # torch packs two in a uint8
    dtype = getattr(torch, precision, None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(f"torch has no dtype {precision!r}")
    return torch.tensor([], dtype=dtype).element_size()


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    b = nbytes(precision)
    t = max(b, 2)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    for v in (lora_rank, lora_target_ratio):
        if v < 0:
            raise ValueError(f"{v} < 0")
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    def group(prefix, **bytes_):
        d = {f"{prefix}_{k}": v / 1e9 for k, v in bytes_.items()}
        d[f"{prefix}_total"] = sum(d.values())
        return d

    out = group("full_ft", weights=n * b, gradients=n * t, optimizer=2 * n * t)
    out |= group("lora", weights=n * b, adapters=p * t, gradients=p * t, optimizer=2 * p * t)
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
