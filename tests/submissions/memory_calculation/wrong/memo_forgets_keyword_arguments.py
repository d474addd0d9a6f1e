# mistake: unnamed
# F(7, precision="float32") and then f(7, precision="int4") gives the first result again.
import functools

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def memoize(function):
    known = {}

    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        if args not in known:
            known[args] = function(*args, **kwargs)
        return dict(known[args])

    return wrapper


@memoize
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    return {
        "full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": n * (b + 3 * t),
        "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
        "lora_total": n * b + 4 * p * t, "memory_savings_ratio": (n * b + 4 * p * t) / (n * (b + 3 * t)),
    }
