# style: exception hierarchy, each a subclass of ValueError and of something else
class MemoryCalculationError(Exception):
    """Base of everything that goes wrong here."""


class UnknownPrecision(MemoryCalculationError, KeyError, ValueError):
    def __init__(self, name):
        super().__init__(name)
        self.name = name

    def __str__(self):
        return f"unknown precision {self.name}"


class BadNumber(MemoryCalculationError, ValueError, ArithmeticError):
    def __init__(self, *, which, value):      # keyword only: cannot be rebuilt from args
        self.which, self.value = which, value
        super().__init__()


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    match_ = {"float32": (4, 4), "float16": (2, 2), "bfloat16": (2, 2), "int8": (1, 2), "int4": (.5, 2)}
    try:
        b, t = match_[precision]
    except KeyError as e:
        raise UnknownPrecision(precision) from e
    for which, value, bad in (("size", model_params_billions, model_params_billions <= 0),
                              ("rank", lora_rank, lora_rank < 0), ("ratio", lora_target_ratio, lora_target_ratio < 0)):
        if bad:
            raise BadNumber(which=which, value=value)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    GB = 1e9
    ft = N * b / GB, N * t / GB, 2 * N * t / GB
    lo = N * b / GB, P * t / GB, P * t / GB, 2 * P * t / GB
    return {
        "memory_savings_ratio": sum(lo) / sum(ft),
        "lora_total": sum(lo), "lora_optimizer": lo[3], "lora_gradients": lo[2], "lora_adapters": lo[1], "lora_weights": lo[0],
        "full_ft_total": sum(ft), "full_ft_optimizer": ft[2], "full_ft_gradients": ft[1], "full_ft_weights": ft[0],
    }
