# unusual: a functools.partial object of a more general function
import functools


def memory(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32", *,
           d, moments, bytes_of, floor_bytes, unit):
    if precision not in bytes_of:
        raise ValueError(f"precision {precision} is not supported")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions <= 0")
    if lora_rank < 0:
        raise ValueError("lora_rank < 0")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio < 0")
    b = bytes_of[precision]
    t = b if b >= floor_bytes else floor_bytes
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / d
    out = {}
    for prefix, trained, extra in (("full_ft", N, ()), ("lora", P, ("adapters",))):
        total = out[f"{prefix}_weights"] = N * b / unit
        for name, times in (*((e, 1) for e in extra), ("gradients", 1), ("optimizer", moments)):
            out[f"{prefix}_{name}"] = times * trained * t / unit
            total += out[f"{prefix}_{name}"]
        out[f"{prefix}_total"] = total
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out


calculate_memory_requirements = functools.partial(
    memory, d=4096, moments=2, floor_bytes=2, unit=1e9,
    bytes_of={"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5},
)
