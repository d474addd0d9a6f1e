# style: structural pattern matching with guards
from math import fsum


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    match precision:
        case "float32":
            b = t = 4.0
        case "float16" | "bfloat16":
            b = t = 2.0
        case "int8":
            b, t = 1.0, 2.0
        case "int4":
            b, t = 0.5, 2.0
        case str() as other:
            raise ValueError(f"do not know {other!r}")
        case _:
            raise TypeError("precision is a string")
    match (model_params_billions, lora_rank, lora_target_ratio):
        case (n, _, _) if n <= 0:
            raise ValueError("n")
        case (_, r, _) if r < 0:
            raise ValueError("r")
        case (_, _, q) if q < 0:
            raise ValueError("q")
        case (n, r, q):
            N = n * 1e9
            P = N * q * 2 * r / 4096
    full = {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t}
    lora = {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t}
    out = {}
    for prefix, parts in ("full_ft", full), ("lora", lora):
        out |= {f"{prefix}_{k}": v / 1e9 for k, v in parts.items()}
        out[f"{prefix}_total"] = fsum(parts.values()) / 1e9
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
