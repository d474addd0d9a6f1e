# who: Marek, physicist, every quantity has a unit; unusual: small Quantity class with dimension checks, int P, OrderedDict result with extra keys
from collections import OrderedDict


class Quantity:
    def __init__(self, value, unit=""):
        self.value, self.unit = value, unit

    def __mul__(self, other):
        if isinstance(other, Quantity):
            if {self.unit, other.unit} == {"param", "byte/param"}:
                return Quantity(self.value * other.value, "byte")
            raise TypeError(f"{self.unit} * {other.unit} makes no sense here")
        return Quantity(self.value * other, self.unit)

    __rmul__ = __mul__

    def __add__(self, other):
        if self.unit != other.unit:
            raise TypeError(f"cannot add {self.unit} and {other.unit}")
        return Quantity(self.value + other.value, self.unit)

    def __truediv__(self, other):
        if self.unit != other.unit:
            raise TypeError
        return self.value / other.value

    def to_GB(self):
        assert self.unit == "byte"
        return self.value / 1e9


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
):
    width = OrderedDict(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)
    if precision not in width:
        raise ValueError(f"{precision}?")
    if not model_params_billions > 0:
        raise ValueError("a model has a positive number of parameters")
    if lora_rank < 0:
        raise ValueError("negative rank")
    if lora_target_ratio < 0:
        raise ValueError("negative ratio")

    N = Quantity(model_params_billions * 1e9, "param")
    P = Quantity(int(N.value * lora_target_ratio * 2 * lora_rank / 4096), "param")
    b = Quantity(width[precision], "byte/param")
    t = Quantity(max(width[precision], 2), "byte/param")

    q = OrderedDict()
    q["full_ft_weights"] = N * b
    q["full_ft_gradients"] = N * t
    q["full_ft_optimizer"] = 2 * (N * t)
    q["full_ft_total"] = q["full_ft_weights"] + q["full_ft_gradients"] + q["full_ft_optimizer"]
    q["lora_weights"] = N * b
    q["lora_adapters"] = P * t
    q["lora_gradients"] = P * t
    q["lora_optimizer"] = 2 * (P * t)
    q["lora_total"] = q["lora_weights"] + q["lora_adapters"] + q["lora_gradients"] + q["lora_optimizer"]

    res = OrderedDict((k, v.to_GB()) for k, v in q.items())
    res["memory_savings_ratio"] = q["lora_total"] / q["full_ft_total"]
    res["n_params"] = N.value
    res["n_adapter_params"] = P.value
    res["saved_percent"] = 100 * (1 - res["memory_savings_ratio"])
    return res
