# a UserDict of exact fractions, seen through ChainMap and a read-only proxy
from collections import ChainMap, UserDict
from fractions import Fraction
from types import MappingProxyType


class Table(UserDict):
    pass


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    width = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}.get(precision)
    if width is None or model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("no such model")
    n, share = Fraction(model_params_billions), Fraction(lora_target_ratio)
    b, t = Fraction(width, 8), max(Fraction(width, 8), Fraction(2))
    p = n * share * 2 * lora_rank / 4096
    full = Table(full_ft_weights=n * b, full_ft_gradients=n * t, full_ft_optimizer=2 * n * t)
    lora = Table(lora_weights=n * b, lora_adapters=p * t, lora_gradients=p * t, lora_optimizer=2 * p * t)
    sums = {"full_ft_total": sum(full.values()), "lora_total": sum(lora.values())}
    sums["memory_savings_ratio"] = sums["lora_total"] / sums["full_ft_total"]
    return ChainMap(full, lora, MappingProxyType(sums))
