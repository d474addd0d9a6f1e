# generator and accumulate
from itertools import accumulate


def _parts(n, p, b):
    t = (b, 2)[b < 2]
    yield "full_ft", [("weights", n * b), ("gradients", n * t), ("optimizer", n * t * 2)]
    yield "lora", [("weights", n * b), ("adapters", p * t), ("gradients", p * t), ("optimizer", p * t * 2)]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        b = (4, 2, 2, 1, 0.5)[["float32", "float16", "bfloat16", "int8", "int4"].index(precision)]   # list.index raises ValueError
    except ValueError:
        raise
    for value, ok in ((model_params_billions, model_params_billions > 0), (lora_rank, lora_rank >= 0), (lora_target_ratio, lora_target_ratio >= 0)):
        if not ok:
            raise ValueError(f"{value} is out of range")
    p = model_params_billions * lora_target_ratio / 2048 * lora_rank
    out = {}
    for prefix, parts in _parts(model_params_billions, p, b):
        out.update((f"{prefix}_{name}", value) for name, value in parts)
        *_, out[f"{prefix}_total"] = accumulate(value for _, value in parts)
    return {**out, "memory_savings_ratio": out["lora_total"] / out["full_ft_total"]}
