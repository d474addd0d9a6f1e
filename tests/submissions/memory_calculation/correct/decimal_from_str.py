# style: Decimal throughout, widths as Decimal strings, returns Decimal values
from decimal import Decimal, localcontext

_D = {"float32": Decimal("4"), "float16": Decimal("2"), "bfloat16": Decimal("2"), "int8": Decimal("1"), "int4": Decimal("0.5")}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _D:
        raise ValueError("unknown precision: " + str(precision))
    size = Decimal(str(model_params_billions))
    rank = Decimal(str(lora_rank))
    ratio = Decimal(str(lora_target_ratio))
    if size <= 0 or rank < 0 or ratio < 0:
        raise ValueError("size must be > 0, rank and ratio >= 0")
    with localcontext() as ctx:
        ctx.prec = 40
        b = _D[precision]
        t = max(b, Decimal(2))
        # size is already in "giga", so size * bytes is GB directly
        P = size * ratio * 2 * rank / Decimal(4096)
        w, g, o = size * b, size * t, 2 * size * t
        a, lg, lo = P * t, P * t, 2 * P * t
        full, lora = w + g + o, w + a + lg + lo
        return {
            "full_ft_weights": w, "full_ft_gradients": g, "full_ft_optimizer": o, "full_ft_total": full,
            "lora_weights": w, "lora_adapters": a, "lora_gradients": lg, "lora_optimizer": lo, "lora_total": lora,
            "memory_savings_ratio": lora / full,
        }
