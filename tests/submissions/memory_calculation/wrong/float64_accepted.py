# mistake: unnamed
# Has a sixth precision, float64 with 8 bytes, which must raise.
from dataclasses import dataclass

GB = 1e9
WIDTHS = {
    "float64": 8.0,
    "float32": 4.0,
    "float16": 2.0,
    "bfloat16": 2.0,
    "int8": 1.0,
    "int4": 0.5,
}


@dataclass(frozen=True)
class ModelStates:
    weights: float
    gradients: float
    optimizer: float
    adapters: float = 0.0

    @property
    def total(self) -> float:
        return self.weights + self.adapters + self.gradients + self.optimizer


def adapter_parameters(n: float, rank: int, ratio: float, d: int = 4096) -> float:
    return n * ratio * 2 * rank / d


def check(size, rank, ratio, precision):
    if precision not in WIDTHS:
        raise ValueError("precision has to be one of " + ", ".join(WIDTHS))
    if not size > 0:
        raise ValueError("a model has parameters")
    if rank < 0:
        raise ValueError("negative rank")
    if ratio < 0:
        raise ValueError("negative target ratio")


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    check(model_params_billions, lora_rank, lora_target_ratio, precision)
    stored = WIDTHS[precision]
    trained = max(stored, 2.0)
    n = model_params_billions * 1e9
    p = adapter_parameters(n, lora_rank, lora_target_ratio)

    full = ModelStates(
        weights=n * stored / GB,
        gradients=n * trained / GB,
        optimizer=2 * n * trained / GB,
    )
    lora = ModelStates(
        weights=n * stored / GB,
        adapters=p * trained / GB,
        gradients=p * trained / GB,
        optimizer=2 * p * trained / GB,
    )
    return {
        "full_ft_weights": full.weights,
        "full_ft_gradients": full.gradients,
        "full_ft_optimizer": full.optimizer,
        "full_ft_total": full.total,
        "lora_weights": lora.weights,
        "lora_adapters": lora.adapters,
        "lora_gradients": lora.gradients,
        "lora_optimizer": lora.optimizer,
        "lora_total": lora.total,
        "memory_savings_ratio": lora.total / full.total,
    }
