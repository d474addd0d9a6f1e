# every value is a decimal.Decimal
from decimal import Decimal, getcontext

getcontext().prec = 40

WIDTH = {
    "float32": Decimal(4),
    "float16": Decimal(2),
    "bfloat16": Decimal(2),
    "int8": Decimal(1),
    "int4": Decimal("0.5"),
}
HIDDEN = Decimal(4096)
GIGA = Decimal(10) ** 9


def _dec(value):
    return Decimal(str(value))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        b = WIDTH[precision]
    except KeyError:
        raise ValueError("precision must be one of " + ", ".join(WIDTH)) from None
    size, rank, ratio = _dec(model_params_billions), _dec(lora_rank), _dec(lora_target_ratio)
    if size <= 0:
        raise ValueError("size <= 0")
    if rank < 0:
        raise ValueError("rank < 0")
    if ratio < 0:
        raise ValueError("ratio < 0")
    t = max(b, Decimal(2))
    n = size * GIGA
    p = n * ratio * 2 * rank / HIDDEN
    weights = n * b / GIGA
    full = [weights, n * t / GIGA, 2 * n * t / GIGA]
    lora = [weights, p * t / GIGA, p * t / GIGA, 2 * p * t / GIGA]
    return {
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
