# who: Emre, writes Rust at work, match and enums everywhere; unusual: match statements, Enum with properties, frozen slots dataclass
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, unique


@unique
class Precision(Enum):
    F32 = "float32"
    F16 = "float16"
    BF16 = "bfloat16"
    I8 = "int8"
    I4 = "int4"

    @property
    def bits(self) -> int:
        match self:
            case Precision.F32:
                return 32
            case Precision.F16 | Precision.BF16:
                return 16
            case Precision.I8:
                return 8
            case Precision.I4:
                return 4

    @property
    def trained_bits(self) -> int:
        match self:
            case Precision.I8 | Precision.I4:
                return 16
            case _:
                return self.bits


@dataclass(frozen=True, slots=True)
class Config:
    n: float
    rank: int
    ratio: float
    precision: Precision

    def __post_init__(self) -> None:
        match tuple(map(bool, (self.n > 0, self.rank >= 0, self.ratio >= 0))):  # bool(): numpy has its own True
            case (True, True, True):
                pass
            case (False, _, _):
                raise ValueError(f"model size {self.n} is not positive")
            case (_, False, _):
                raise ValueError(f"rank {self.rank} is negative")
            case _:
                raise ValueError(f"ratio {self.ratio} is negative")

    @property
    def p(self) -> float:
        return self.n * self.ratio * (2 * self.rank) / 4096


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    # Enum(value) raises ValueError itself for an unknown value
    cfg = Config(model_params_billions, lora_rank, lora_target_ratio, Precision(precision))
    gb = lambda count, bits: count * bits / 8  # counts are in billions, so bytes / 1e9
    w = gb(cfg.n, cfg.precision.bits)
    tb = cfg.precision.trained_bits
    full = (w, gb(cfg.n, tb), gb(cfg.n, 2 * tb))
    lora = (w, gb(cfg.p, tb), gb(cfg.p, tb), gb(cfg.p, 2 * tb))
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
