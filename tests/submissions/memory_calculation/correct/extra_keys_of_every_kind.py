# unusual: many extra keys (text, None, NaN, nested dicts, GiB, even names like full_ft_activations) and extra optional parameters; the contract allows extra keys and the ten are right
import math
from typing import Any, Optional

SUPPORTED_PRECISIONS = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
    hidden_size: int = 4096,
    n_moments: int = 2,
    gpu_memory_gb: Optional[float] = None,
    verbose: bool = False,
    **unused: Any,
) -> dict[str, Any]:
    if precision not in SUPPORTED_PRECISIONS:
        raise ValueError(f"Unsupported precision '{precision}'. Supported: {', '.join(SUPPORTED_PRECISIONS)}")
    if model_params_billions <= 0:
        raise ValueError(f"`model_params_billions` must be > 0, but is {model_params_billions}")
    if lora_rank < 0:
        raise ValueError(f"`lora_rank` must be >= 0, but is {lora_rank}")
    if lora_target_ratio < 0:
        raise ValueError(f"`lora_target_ratio` must be >= 0, but is {lora_target_ratio}")

    params = model_params_billions * 1e9
    b = SUPPORTED_PRECISIONS[precision]
    t = max(b, 2.0)
    adapters = params * lora_target_ratio * 2 * lora_rank / hidden_size

    full = {"weights": params * b, "gradients": params * t, "optimizer": n_moments * params * t}
    lora = {"weights": params * b, "adapters": adapters * t, "gradients": adapters * t, "optimizer": n_moments * adapters * t}
    full = {k: v / 1e9 for k, v in full.items()}
    lora = {k: v / 1e9 for k, v in lora.items()}
    full_total, lora_total = sum(full.values()), sum(lora.values())

    report: dict[str, Any] = {
        "precision": precision,
        "inputs": {"model_params_billions": model_params_billions, "lora_rank": lora_rank, "ratio": lora_target_ratio},
        "n_params": params,
        "n_trainable": adapters,
        "trainable_percent": 100 * adapters / params,
        "bytes_per_param": b,
        "unit": "GB (1e9 bytes)",
        "full_ft_activations": None,
        "lora_activations": math.nan,
        "full_ft": full,
        "lora": lora,
        "full_ft_total_gib": full_total * 1e9 / 2**30,
        "lora_total_gib": lora_total * 1e9 / 2**30,
        "memory_saved_gb": full_total - lora_total,
        "memory_savings_percent": 100 * (1 - lora_total / full_total),
        "fits": None if gpu_memory_gb is None else lora_total <= gpu_memory_gb,
        "notes": ["activations not counted", "Adam"],
    }
    report.update({f"full_ft_{k}": v for k, v in full.items()}, full_ft_total=full_total)
    report.update({f"lora_{k}": v for k, v in lora.items()}, lora_total=lora_total)
    report["memory_savings_ratio"] = lora_total / full_total
    if verbose:
        for key, value in report.items():
            print(f"{key:<25}{value}")
    return report
