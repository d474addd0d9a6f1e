# pairs come from a generator; the numbers are a subclass of float that rounds only when it is printed
class GB(float):
    def __repr__(self):
        return f"{float(self):.2f} GB"

    __str__ = __repr__


def _rows(n, p, b, t):
    for name, values in (("full_ft", {"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t}),
                         ("lora", {"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t})):
        yield from ((f"{name}_{part}", GB(value)) for part, value in values.items())
        yield f"{name}_total", GB(sum(values.values()))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32", **_):
    names = ("int4", "int8", "float16", "bfloat16", "float32")
    if precision not in names:
        raise ValueError(f"precision must be one of {names}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes must not be negative, and the model not empty")
    b = (0.5, 1, 2, 2, 4)[names.index(precision)]
    p = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096
    result = dict(_rows(model_params_billions, p, b, b if b > 2 else 2))
    return {**result, "memory_savings_ratio": result["lora_total"] / result["full_ft_total"], "unit": "GB"}
