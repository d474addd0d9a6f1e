# style: values are a float subclass that prints with a unit (and whose str is no number)
class Gigabytes(float):
    def __repr__(self):
        return f"<{float(self):.2f} GB>"

    __str__ = __repr__

    def __format__(self, spec):
        return float.__format__(self, spec or ".2f") + " GB"

    def __add__(self, other):
        return Gigabytes(float(self) + float(other))

    __radd__ = __add__

    @property
    def gib(self):
        return float(self) * 1e9 / 2**30


class Share(float):
    def __repr__(self):
        return f"{100 * float(self):.1f} %"

    __str__ = __repr__


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    widths = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": .5}
    if precision not in widths.keys():
        raise ValueError(f"Unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("Out of range")
    b = widths[precision]
    t = [2, b][b > 2]
    n = float(model_params_billions)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    m = dict(
        full_ft_weights=Gigabytes(n * b), full_ft_gradients=Gigabytes(n * t), full_ft_optimizer=Gigabytes(2 * n * t),
        lora_weights=Gigabytes(n * b), lora_adapters=Gigabytes(p * t), lora_gradients=Gigabytes(p * t),
        lora_optimizer=Gigabytes(2 * p * t),
    )
    m["full_ft_total"] = sum(v for k, v in m.items() if k[0] == "f")
    m["lora_total"] = sum(v for k, v in m.items() if k[0] == "l")
    m["memory_savings_ratio"] = Share(m["lora_total"] / m["full_ft_total"])
    return m
