# unusual: exact rational arithmetic and Fraction values (a real number type); nothing is rounded, not even to a float
from fractions import Fraction
from types import MappingProxyType

BYTES = MappingProxyType({
    "float32": Fraction(4), "float16": Fraction(2), "bfloat16": Fraction(2), "int8": Fraction(1), "int4": Fraction(1, 2),
})
GIGA = Fraction(10**9)
HIDDEN = Fraction(4096)


def _q(x) -> Fraction:
    return Fraction(float(x))


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, Fraction]:
    if precision not in BYTES:
        raise ValueError(f"{precision!r} is none of {', '.join(BYTES)}")
    size, rank, ratio = map(_q, (model_params_billions, lora_rank, lora_target_ratio))
    if size <= 0:
        raise ValueError("the model must have parameters")
    if rank < 0 or ratio < 0:
        raise ValueError("negative rank or ratio")
    b = BYTES[precision]
    t = max(b, Fraction(2))
    N = size * GIGA
    P = N * ratio * 2 * rank / HIDDEN
    full = {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t}
    lora = {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t}
    full["total"] = sum(full.values(), Fraction())
    lora["total"] = sum(lora.values(), Fraction())
    result = {f"full_ft_{k}": v / GIGA for k, v in full.items()}
    result |= {f"lora_{k}": v / GIGA for k, v in lora.items()}
    result["memory_savings_ratio"] = lora["total"] / full["total"]
    return result
