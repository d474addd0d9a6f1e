# a decorator binds and checks the arguments, the function has additional keyword-only ones
import functools
import inspect
from collections import defaultdict


def validated(function):
    signature = inspect.signature(function)

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        a = bound.arguments
        if a["precision"] not in ("float32", "float16", "bfloat16", "int8", "int4"):
            raise ValueError("precision")
        if a["model_params_billions"] <= 0:
            raise ValueError("model_params_billions")
        for name in ("lora_rank", "lora_target_ratio"):
            if a[name] < 0:
                raise ValueError(name)
        return function(*bound.args, **bound.kwargs)

    return wrapper


@validated
def calculate_memory_requirements(
    model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32", *, hidden_size=4096, n_moments=2
):
    b = {"f": 4, "b": 2, "i": 1}[precision[0]]
    if precision == "float16":
        b = 2
    elif precision == "int4":
        b = 0.5
    t = max(b, 2)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / hidden_size
    usage = defaultdict(float)
    for key, params, width in [
        ("full_ft_weights", n, b),
        ("full_ft_gradients", n, t),
        ("full_ft_optimizer", n_moments * n, t),
        ("lora_weights", n, b),
        ("lora_adapters", p, t),
        ("lora_gradients", p, t),
        ("lora_optimizer", n_moments * p, t),
    ]:
        usage[key] += params * width / 1e9
        usage[key.rsplit("_", 1)[0] + "_total"] += params * width / 1e9
    usage["memory_savings_ratio"] = usage["lora_total"] / usage["full_ft_total"]
    return usage
