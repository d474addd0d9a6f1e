import enum
from dataclasses import dataclass


class Precision(enum.Enum):
    float32 = 4
    float16 = 2
    bfloat16 = "2"      # a str, else Enum makes it an alias of float16
    int8 = 1
    int4 = 0.5

    @property
    def stored(self) -> float:
        return float(self.value)

    @property
    def trained(self) -> float:
        return self.stored if self.stored > 2 else 2.0


@dataclass(frozen=True)
class Part:
    count: float          # billions of numbers
    bytes_each: float
    copies: int = 1

    @property
    def gb(self) -> float:
        return self.count * self.bytes_each * self.copies


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in Precision.__members__:
        raise ValueError(f"unknown precision: {precision}")
    if model_params_billions <= 0:
        raise ValueError("a model has a positive number of parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio cannot be negative")

    p = Precision[precision]
    n = model_params_billions
    # rounded down to whole parameters, as a real adapter would be
    a = int(n * 1e9 * lora_target_ratio * 2 * lora_rank / 4096) / 1e9

    full = {
        "full_ft_weights": Part(n, p.stored).gb,
        "full_ft_gradients": Part(n, p.trained).gb,
        "full_ft_optimizer": Part(n, p.trained, copies=2).gb,
    }
    lora = {
        "lora_weights": Part(n, p.stored).gb,
        "lora_adapters": Part(a, p.trained).gb,
        "lora_gradients": Part(a, p.trained).gb,
        "lora_optimizer": Part(a, p.trained, copies=2).gb,
    }
    totals = {"full_ft_total": sum(full.values()), "lora_total": sum(lora.values())}
    ratio = totals["lora_total"] / totals["full_ft_total"]
    return full | lora | totals | {"memory_savings_ratio": ratio, "saved_percent": 100 * (1 - ratio)}
