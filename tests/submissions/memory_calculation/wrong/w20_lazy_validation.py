# mistake: unnamed
# Calculate_memory_requirements(-7) raises nothing.
from typing import Iterator

NAMES = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}


def validate(size, rank, ratio) -> Iterator[str]:
    """Yields the name of each argument that passed, raises for the first that does not."""
    if size <= 0:
        raise ValueError(f"size {size} is not positive")
    yield "model_params_billions"
    if rank < 0:
        raise ValueError(f"rank {rank} is negative")
    yield "lora_rank"
    if ratio < 0:
        raise ValueError(f"ratio {ratio} is negative")
    yield "lora_target_ratio"


def states(prefix: str, base: float, **trained: float) -> Iterator[tuple[str, float]]:
    yield f"{prefix}_weights", base
    acc = base
    for name, value in trained.items():
        acc += value
        yield f"{prefix}_{name}", value
    yield f"{prefix}_total", acc


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    if precision not in NAMES:
        raise ValueError(f"unknown precision {precision!r}")
    validate(model_params_billions, lora_rank, lora_target_ratio)
    b = NAMES[precision]
    t = max(b, 2.0)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    memory = dict(states("full_ft", n * b, gradients=n * t, optimizer=2 * n * t))
    memory.update(states("lora", n * b, adapters=p * t, gradients=p * t, optimizer=2 * p * t))
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
