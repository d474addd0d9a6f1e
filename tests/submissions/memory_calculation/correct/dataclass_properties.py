# style: over-engineered dataclasses with derived properties, asdict at the end
from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import ClassVar, Final

BYTES_IN_GB: Final = 1_000_000_000
HIDDEN: Final = 4096


@dataclass(frozen=True)
class Setup:
    model_params_billions: float
    lora_rank: int
    lora_target_ratio: float
    precision: str

    WIDTHS: ClassVar[dict[str, float]] = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}

    def __post_init__(self) -> None:
        problems = []
        if self.precision not in self.WIDTHS:
            problems.append(f"precision {self.precision!r} unknown")
        if self.model_params_billions <= 0:
            problems.append("model size not positive")
        if self.lora_rank < 0:
            problems.append("negative rank")
        if self.lora_target_ratio < 0:
            problems.append("negative ratio")
        if problems:
            raise ValueError("; ".join(problems))

    @property
    def n(self) -> float:
        return self.model_params_billions * 1e9

    @property
    def b(self) -> float:
        return self.WIDTHS[self.precision]

    @property
    def t(self) -> float:
        return max(self.b, 2.0)

    @property
    def p(self) -> float:
        return self.n * self.lora_target_ratio * 2 * self.lora_rank / HIDDEN


@dataclass
class Report:
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
        self.full_ft_total = self.full_ft_weights + self.full_ft_gradients + self.full_ft_optimizer
        self.lora_total = self.lora_weights + self.lora_adapters + self.lora_gradients + self.lora_optimizer
        self.memory_savings_ratio = self.lora_total / self.full_ft_total

    @classmethod
    def of(cls, s: Setup) -> Report:
        gb = lambda x: x / BYTES_IN_GB
        return cls(gb(s.n * s.b), gb(s.n * s.t), gb(2 * s.n * s.t),
                   gb(s.n * s.b), gb(s.p * s.t), gb(s.p * s.t), gb(2 * s.p * s.t))


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict[str, float]:
    return asdict(Report.of(Setup(model_params_billions, lora_rank, lora_target_ratio, precision)))
