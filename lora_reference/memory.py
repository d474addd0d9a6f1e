"""How much memory fine-tuning takes: all of a model, or LoRA adapters beside it."""

from __future__ import annotations

__all__ = ["BYTES", "calculate_memory_requirements"]

BYTES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}  # b, bytes a parameter
D = 4096  # width of the targeted d x d weights
GB = 1e9


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory of model states (no activations), in GB of 1e9 bytes.

        N = model_params_billions * 1e9
        b = bytes a parameter;  t = max(b, 2), since integers cannot be trained
        P = N * lora_target_ratio * 2 * lora_rank / 4096

        full fine-tuning: weights N b, gradients N t, Adam's two moments 2 N t
        LoRA:             weights N b, adapters P t, gradients P t, moments 2 P t

    Returns the keys full_ft_weights, _gradients, _optimizer, _total, lora_weights, _adapters, _gradients,
    _optimizer, _total and memory_savings_ratio = lora_total / full_ft_total.
    Raises ValueError for another precision, a size that is not positive, a negative rank or ratio.
    Sources: Adam's two moments, Kingma & Ba 2015, section 2; a rank-r update of a d x d weight has 2 d r
    parameters, Hu et al. 2021, arXiv 2106.09685, section 4.1.
    """
    if precision not in BYTES:
        raise ValueError(f"precision is {precision!r}, should be one of {', '.join(BYTES)}")
    if not model_params_billions > 0:
        raise ValueError(f"model_params_billions is {model_params_billions}, should be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError(
            f"lora_rank is {lora_rank}, lora_target_ratio {lora_target_ratio}: neither may be negative"
        )

    N = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2.0)
    P = N * lora_target_ratio * 2 * lora_rank / D

    full = {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t}
    lora = {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t}
    result = {f"full_ft_{name}": size / GB for name, size in full.items()}
    result["full_ft_total"] = sum(full.values()) / GB
    result |= {f"lora_{name}": size / GB for name, size in lora.items()}
    result["lora_total"] = sum(lora.values()) / GB
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
