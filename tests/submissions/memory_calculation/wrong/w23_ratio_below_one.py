# mistake: unnamed
# Calculate_memory_requirements(7, lora_target_ratio=1.0) raises ValueError, should give lora_adapters 0.21875.
import numbers
from types import MappingProxyType

SIZE = MappingProxyType({"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5})


class Between:
    """Descriptor: a real number within a range."""

    def __init__(self, low, high):
        self.low, self.high = low, high

    def __set_name__(self, owner, name):
        self.name = name

    def __get__(self, obj, cls=None):
        return self if obj is None else obj.__dict__[self.name]

    def __set__(self, obj, value):
        if not isinstance(value, numbers.Real):
            raise ValueError(f"{self.name} should be a number, is {type(value).__name__}")
        if not self.low < value < self.high:
            raise ValueError(f"{self.name} = {value} is not between {self.low} and {self.high}")
        obj.__dict__[self.name] = value


class Arguments:
    billions = Between(0, float("inf"))
    rank = Between(-1e-9, float("inf"))
    ratio = Between(-1e-9, 1)

    def __init__(self, billions, rank, ratio):
        self.billions = billions
        self.rank = rank
        self.ratio = ratio


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZE:
        raise ValueError(f"{precision} is not one of {', '.join(SIZE)}")
    a = Arguments(model_params_billions, lora_rank, lora_target_ratio)
    b = SIZE[precision]
    t = max(b, 2)
    n = a.billions
    p = n * a.ratio * 2 * a.rank / 4096
    d = {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t}
    d["full_ft_total"] = sum(d.values())
    e = {"lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t}
    e["lora_total"] = sum(e.values())
    return {**d, **e, "memory_savings_ratio": e["lora_total"] / d["full_ft_total"]}
