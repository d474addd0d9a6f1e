# unusual: values are of a float subclass GB that prints with its unit, gathered from the properties of frozen dataclasses; each is still the contract's unrounded number
from __future__ import annotations

from dataclasses import InitVar, asdict, dataclass, field, fields


class GB(float):
    """Gigabytes of 1e9 bytes."""

    def __repr__(self) -> str:
        return f"{float(self):.2f} GB"

    __str__ = __repr__

    def __add__(self, other) -> GB:
        return GB(float(self) + float(other))

    __radd__ = __add__


@dataclass(frozen=True, slots=True)
class Config:
    billions: float
    rank: int
    ratio: float
    precision: str

    def __post_init__(self) -> None:
        if self.precision not in ("float32", "float16", "bfloat16", "int8", "int4"):
            raise ValueError(f"{self}: precision")
        if self.billions <= 0:
            raise ValueError(f"{self}: billions")
        if self.rank < 0:
            raise ValueError(f"{self}: rank")
        if self.ratio < 0:
            raise ValueError(f"{self}: ratio")

    @property
    def b(self) -> float:
        return {"float32": 4, "int8": 1, "int4": 0.5}.get(self.precision, 2)

    @property
    def t(self) -> float:
        return 4 if self.precision == "float32" else 2

    @property
    def adapters_billions(self) -> float:
        return self.billions * self.ratio * 2 * self.rank / 4096


@dataclass(frozen=True)
class Memory:
    config: InitVar[Config]
    full_ft_weights: GB = field(init=False)
    full_ft_gradients: GB = field(init=False)
    full_ft_optimizer: GB = field(init=False)
    full_ft_total: GB = field(init=False)
    lora_weights: GB = field(init=False)
    lora_adapters: GB = field(init=False)
    lora_gradients: GB = field(init=False)
    lora_optimizer: GB = field(init=False)
    lora_total: GB = field(init=False)
    memory_savings_ratio: float = field(init=False)

    def __post_init__(self, config: Config) -> None:
        def put(name, value):
            object.__setattr__(self, name, value)

        put("full_ft_weights", GB(config.billions * config.b))
        put("full_ft_gradients", GB(config.billions * config.t))
        put("full_ft_optimizer", self.full_ft_gradients + self.full_ft_gradients)
        put("full_ft_total", self.full_ft_weights + self.full_ft_gradients + self.full_ft_optimizer)
        put("lora_weights", self.full_ft_weights)
        put("lora_adapters", GB(config.adapters_billions * config.t))
        put("lora_gradients", self.lora_adapters)
        put("lora_optimizer", self.lora_gradients + self.lora_gradients)
        put("lora_total", sum((self.lora_weights, self.lora_adapters, self.lora_gradients, self.lora_optimizer)))
        put("memory_savings_ratio", self.lora_total / self.full_ft_total)
        assert len(fields(self)) == 10


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    return asdict(Memory(Config(model_params_billions, lora_rank, lora_target_ratio, precision)))
