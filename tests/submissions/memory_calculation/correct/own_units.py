# style: pint-like home-made units, dimensions are checked, plain floats at the end
class Quantity:
    __slots__ = ("value", "unit")

    def __init__(self, value, unit):
        self.value, self.unit = value, unit

    def __mul__(self, other):
        if isinstance(other, Quantity):
            units = {self.unit, other.unit}
            if units == {"param", "byte/param"}:
                return Quantity(self.value * other.value, "byte")
            raise TypeError(f"{self.unit} * {other.unit}")
        return Quantity(self.value * other, self.unit)

    __rmul__ = __mul__

    def __add__(self, other):
        if other == 0:
            return self
        if self.unit != other.unit:
            raise TypeError(f"{self.unit} + {other.unit}")
        return Quantity(self.value + other.value, self.unit)

    __radd__ = __add__

    def __truediv__(self, other):
        if isinstance(other, Quantity):
            if self.unit != other.unit:
                raise TypeError(f"{self.unit} / {other.unit}")
            return self.value / other.value
        return Quantity(self.value / other, self.unit)

    def __lt__(self, other):
        return self.value < other.value

    def __gt__(self, other):
        return self.value > other.value

    def __eq__(self, other):
        return isinstance(other, Quantity) and (self.value, self.unit) == (other.value, other.unit)


param = Quantity(1, "param")
byte_per_param = Quantity(1, "byte/param")
GB = Quantity(10**9, "byte")

WIDTH = {k: v * byte_per_param for k, v in {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 1 / 2}.items()}
TRAINABLE_MINIMUM = 2 * byte_per_param


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in WIDTH:
        raise ValueError(f"{precision=} not in {list(WIDTH)}")
    if not model_params_billions > 0:
        raise ValueError(f"{model_params_billions=}")
    if lora_rank < 0:
        raise ValueError(f"{lora_rank=}")
    if lora_target_ratio < 0:
        raise ValueError(f"{lora_target_ratio=}")
    N = model_params_billions * 10**9 * param
    P = N * (lora_target_ratio * 2 * lora_rank) / 4096
    b = WIDTH[precision]
    t = max(b, TRAINABLE_MINIMUM)
    full = {"full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t}
    full["full_ft_total"] = sum(full.values())
    lora = {"lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t}
    lora["lora_total"] = sum(lora.values())
    answer = {k: v / GB for k, v in (full | lora).items()}
    answer["memory_savings_ratio"] = lora["lora_total"] / full["full_ft_total"]
    return answer
