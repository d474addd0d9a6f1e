# postponed annotations and a frozen dataclass, returned through asdict
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import ClassVar


@dataclass(frozen=True)
class MemoryReport:
    GB: ClassVar[float] = 1e9
    full_ft_weights: float
    full_ft_gradients: float
    full_ft_optimizer: float
    lora_weights: float
    lora_adapters: float
    lora_gradients: float
    lora_optimizer: float
    full_ft_total: float = field(init=False)
    lora_total: float = field(init=False)
    memory_savings_ratio: float = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "full_ft_total", self.full_ft_weights + self.full_ft_gradients + self.full_ft_optimizer)
        put(
            self,
            "lora_total",
            self.lora_weights + self.lora_adapters + self.lora_gradients + self.lora_optimizer,
        )
        put(self, "memory_savings_ratio", self.lora_total / self.full_ft_total)


@dataclass
class Setup:
    model_params_billions: float
    lora_rank: int
    lora_target_ratio: float
    precision: str

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "float16", "bfloat16", "int8", "int4"):
            raise ValueError(f"bad precision {self.precision}")
        if self.model_params_billions <= 0:
            raise ValueError("bad model size")
        if self.lora_rank < 0 or self.lora_target_ratio < 0:
            raise ValueError("bad LoRA configuration")

    @property
    def weight_bytes(self) -> float:
        if self.precision.endswith("32"):
            return 4.0
        if self.precision.endswith("16"):
            return 2.0
        return int(self.precision.removeprefix("int")) / 8

    def report(self) -> MemoryReport:
        n = self.model_params_billions * 1e9
        b, t = self.weight_bytes, max(self.weight_bytes, 2.0)
        p = n * self.lora_target_ratio * 2 * self.lora_rank / 4096
        gb = MemoryReport.GB
        return MemoryReport(n * b / gb, n * t / gb, 2 * n * t / gb, n * b / gb, p * t / gb, p * t / gb, 2 * p * t / gb)


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    return asdict(Setup(model_params_billions, lora_rank, lora_target_ratio, precision).report())
