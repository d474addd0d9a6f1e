# mistake: wrong-byte-width
# float16 is entered with 1 byte, so its weights are halved.
from fractions import Fraction as F
from numbers import Real

WIDTH = {"float32": F(4), "float16": F(1), "bfloat16": F(2), "int8": F(1), "int4": F(1, 2)}


def calculate_memory_requirements(
    model_params_billions: Real, lora_rank: int = 16, lora_target_ratio: Real = 0.1, precision: str = "float32"
) -> dict[str, float]:
    if precision not in set(WIDTH):
        raise ValueError("precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("arguments must be positive")

    billion = 10**9
    n = F(model_params_billions) * billion
    p = n * F(lora_target_ratio) * F(2 * lora_rank, 4096)
    b = WIDTH[precision]
    t = max(b, F(2))

    weights, gradients, moments = n * b, n * t, 2 * n * t
    full = weights + gradients + moments
    adapters, adapter_gradients, adapter_moments = p * t, p * t, 2 * p * t
    lora = weights + adapters + adapter_gradients + adapter_moments

    exact = {
        "full_ft_weights": weights,
        "full_ft_gradients": gradients,
        "full_ft_optimizer": moments,
        "full_ft_total": full,
        "lora_weights": weights,
        "lora_adapters": adapters,
        "lora_gradients": adapter_gradients,
        "lora_optimizer": adapter_moments,
        "lora_total": lora,
    }
    gb = {name: float(value / billion) for name, value in exact.items()}
    gb["memory_savings_ratio"] = float(lora / full)
    return gb
