# mistake: unnamed
# Calculate_memory_requirements(1)["lora_adapters"] is 0.003146, should be 0.003125.
"""I count real matrices: half a matrix cannot get an adapter."""
import math
from itertools import repeat

D = 4096


class Matrix:
    __slots__ = ("rank",)

    def __init__(self, rank):
        self.rank = rank

    def adapter_params(self):
        return self.rank * D + D * self.rank


def targeted_matrices(n_params, ratio, rank):
    count = math.ceil(n_params * ratio / (D * D))
    return repeat(Matrix(rank), count)


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in sizes:
        raise ValueError(f"{precision!r} not in {set(sizes)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative input")
    b = sizes[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = sum(m.adapter_params() for m in targeted_matrices(N, lora_target_ratio, lora_rank))
    mem = {
        "full_ft_weights": N * b,
        "full_ft_gradients": N * t,
        "full_ft_optimizer": 2 * N * t,
        "full_ft_total": N * (b + 3 * t),
        "lora_weights": N * b,
        "lora_adapters": P * t,
        "lora_gradients": P * t,
        "lora_optimizer": 2 * P * t,
        "lora_total": N * b + P * 4 * t,
    }
    mem = {k: v / 1e9 for k, v in mem.items()}
    return mem | {"memory_savings_ratio": mem["lora_total"] / mem["full_ft_total"]}
