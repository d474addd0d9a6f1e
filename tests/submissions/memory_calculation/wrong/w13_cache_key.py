# mistake: unnamed
# Calculate_memory_requirements(7, 16); then calculate_memory_requirements(7, 64)["lora_adapters"] is 0.021875, should be 0.0875.
_cache = {}
_bytes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def memoize(fn):
    def wrapper(size, precision, *rest):
        key = (size, precision)
        if key not in _cache:
            _cache[key] = fn(size, precision, *rest)
        return dict(_cache[key])

    return wrapper


@memoize
def _compute(size, precision, rank, ratio):
    b = _bytes[precision]
    t = max(b, 2)
    n = size
    p = n * ratio * 2 * rank / 4096
    r = {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "full_ft_total": n * b + n * t + 2 * n * t,
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
        "lora_total": n * b + p * t + p * t + 2 * p * t,
    }
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _bytes:
        raise ValueError("bad precision")
    if model_params_billions <= 0:
        raise ValueError("bad size")
    if lora_rank < 0:
        raise ValueError("bad rank")
    if lora_target_ratio < 0:
        raise ValueError("bad ratio")
    return _compute(model_params_billions, precision, lora_rank, lora_target_ratio)
