# mistake: unnamed
# Calculate_memory_requirements(7, -16) raises nothing.
import functools


def checked(fn):
    @functools.wraps(fn)
    def inner(size, *args, **kw):
        if size <= 0:
            raise ValueError("model_params_billions must be positive")
        if kw.get("lora_rank", 0) < 0:
            raise ValueError("lora_rank must not be negative")
        if kw.get("lora_target_ratio", 0) < 0:
            raise ValueError("lora_target_ratio must not be negative")
        return fn(size, *args, **kw)

    # so that model_params_billions=7 works as well
    @functools.wraps(fn)
    def outer(*args, **kw):
        if "model_params_billions" in kw:
            args = (kw.pop("model_params_billions"), *args)
        return inner(*args, **kw)

    return outer


@checked
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in sizes:
        raise ValueError(f"precision must be one of {sorted(sizes)}")
    b = sizes[precision]
    t = max(2, b)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    fw, fg, fo = n * b, n * t, n * t * 2
    lw, la, lg, lo = n * b, p * t, p * t, p * t * 2
    return {
        "full_ft_weights": fw, "full_ft_gradients": fg, "full_ft_optimizer": fo, "full_ft_total": fw + fg + fo,
        "lora_weights": lw, "lora_adapters": la, "lora_gradients": lg, "lora_optimizer": lo,
        "lora_total": lw + la + lg + lo, "memory_savings_ratio": (lw + la + lg + lo) / (fw + fg + fo),
    }
