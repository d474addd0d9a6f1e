# unusual: raises own subclasses of ValueError, one of them also a KeyError
class MemoryCalculationError(ValueError):
    """Something about the arguments is wrong."""

    def __init__(self, argument, value):
        super().__init__(argument, value)
        self.argument, self.value = argument, value

    def __str__(self):
        return f"{self.argument} = {self.value!r} is not possible"


class UnknownPrecision(KeyError, MemoryCalculationError):
    __str__ = MemoryCalculationError.__str__


class OutOfRange(MemoryCalculationError):
    pass


class _Bytes(dict):
    def __missing__(self, key):
        raise UnknownPrecision("precision", key)


BYTES = _Bytes(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    b = BYTES[precision]
    if model_params_billions <= 0:
        raise OutOfRange("model_params_billions", model_params_billions)
    if lora_rank < 0:
        raise OutOfRange("lora_rank", lora_rank)
    if lora_target_ratio < 0:
        raise OutOfRange("lora_target_ratio", lora_target_ratio)
    t = max(b, 2)
    N = model_params_billions * 10**9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_ft = (N * b, N * t, 2 * N * t)
    lora = (N * b, P * t, P * t, 2 * P * t)
    values = *full_ft, sum(full_ft), *lora, sum(lora)
    keys = ("full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
            "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total")
    return {k: v / 1e9 for k, v in zip(keys, values, strict=True)} | {"memory_savings_ratio": sum(lora) / sum(full_ft)}
