# who: Dagny, number theorist who distrusts floats; unusual: exact rationals all the way, the dict holds Fraction objects
from fractions import Fraction as Q

_B = {"float32": Q(4), "float16": Q(2), "bfloat16": Q(2), "int8": Q(1), "int4": Q(1, 2)}


def calculate_memory_requirements(
    model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"
):
    """All values are exact rational numbers (a Fraction is a numbers.Real; use float() to print them)."""
    b = _B.get(precision)
    if b is None:
        raise ValueError(f"no such precision: {precision!r}")
    # float() first: numpy scalars have no as_integer_ratio in every version
    size, rank, ratio = Q(float(model_params_billions)), Q(float(lora_rank)), Q(float(lora_target_ratio))
    if size <= 0:
        raise ValueError("model size has to be positive")
    if rank < 0 or ratio < 0:
        raise ValueError("negative rank or ratio")

    t = max(b, Q(2))
    N = size * 10**9
    P = N * ratio * 2 * rank / 4096
    giga = Q(1, 10**9)

    r = {}
    r["full_ft_weights"] = N * b * giga
    r["full_ft_gradients"] = N * t * giga
    r["full_ft_optimizer"] = 2 * N * t * giga
    r["full_ft_total"] = (N * b + 3 * N * t) * giga
    r["lora_weights"] = N * b * giga
    r["lora_adapters"] = P * t * giga
    r["lora_gradients"] = P * t * giga
    r["lora_optimizer"] = 2 * P * t * giga
    r["lora_total"] = (N * b + 4 * P * t) * giga
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
