# unusual: all ten values are decimal.Decimal
from decimal import Decimal, localcontext

_BYTES = {
    "float32": Decimal(4),
    "float16": Decimal(2),
    "bfloat16": Decimal(2),
    "int8": Decimal(1),
    "int4": Decimal("0.5"),
}


def _exact(x):
    """float -> Decimal without the binary tail: 0.1 stays 0.1."""
    return x if isinstance(x, Decimal) else Decimal(str(float(x)))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    with localcontext() as ctx:
        ctx.prec = 40
        size, rank, share = map(_exact, (model_params_billions, lora_rank, lora_target_ratio))
        if precision not in _BYTES:
            raise ValueError("no such precision: %s" % precision)
        if size <= 0 or rank < 0 or share < 0:
            raise ValueError("size must be positive, rank and ratio not negative")
        b = _BYTES[precision]
        t = max(b, Decimal(2))
        adapters = size * share * 2 * rank / 4096  # in billions
        full = [size * b, size * t, 2 * size * t]
        lora = [size * b, adapters * t, adapters * t, 2 * adapters * t]
        names = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer"]
        names2 = ["lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer"]
        out = dict(zip(names, full))
        out["full_ft_total"] = sum(full, Decimal(0))
        out.update(zip(names2, lora))
        out["lora_total"] = sum(lora, Decimal(0))
        out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
        return out
