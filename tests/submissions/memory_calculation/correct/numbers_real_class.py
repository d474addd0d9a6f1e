# style: values are instances of an own class that implements numbers.Real (not a float subclass)
import math
import numbers
from fractions import Fraction

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _f(x):
    return x._v if isinstance(x, GB) else x


class GB(numbers.Real):
    __slots__ = ("_v",)

    def __init__(self, v):
        self._v = float(v)

    def __float__(self):
        return self._v

    def __repr__(self):
        return f"<{self._v} GB>"

    def __trunc__(self):
        return math.trunc(self._v)

    def __floor__(self):
        return math.floor(self._v)

    def __ceil__(self):
        return math.ceil(self._v)

    def __round__(self, digits=None):
        return round(self._v, digits)

    def __abs__(self):
        return GB(abs(self._v))

    def __neg__(self):
        return GB(-self._v)

    def __pos__(self):
        return self

    def __hash__(self):
        return hash(self._v)

    def __eq__(self, o):
        return self._v == _f(o)

    def __lt__(self, o):
        return self._v < _f(o)

    def __le__(self, o):
        return self._v <= _f(o)

    def __add__(self, o):
        return GB(self._v + float(o))

    def __mul__(self, o):
        return GB(self._v * float(o))

    def __truediv__(self, o):
        return GB(self._v / float(o))

    def __rtruediv__(self, o):
        return GB(float(o) / self._v)

    def __floordiv__(self, o):
        return GB(self._v // float(o))

    def __rfloordiv__(self, o):
        return GB(float(o) // self._v)

    def __mod__(self, o):
        return GB(self._v % float(o))

    def __rmod__(self, o):
        return GB(float(o) % self._v)

    def __pow__(self, o):
        return GB(self._v ** float(o))

    def __rpow__(self, o):
        return GB(float(o) ** self._v)

    __radd__ = __add__
    __rmul__ = __mul__


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = [n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9]
    lora = [n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9]
    out = {
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
    return {key: GB(value) for key, value in out.items()}
