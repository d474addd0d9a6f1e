# style: decorator with inspect.signature, lru_cache on the numbers, a copy handed out
import functools
import inspect


def validated(**rules):
    def wrap(fn):
        sig = inspect.signature(fn)

        @functools.wraps(fn)
        def inner(*args, **kwargs):
            bound = sig.bind(*args, **kwargs)
            bound.apply_defaults()
            for name, (rule, message) in rules.items():
                if not rule(bound.arguments[name]):
                    raise ValueError(f"{name}={bound.arguments[name]!r}: {message}")
            return dict(fn(*bound.args, **bound.kwargs))
        return inner
    return wrap


WIDTH = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


@validated(
    model_params_billions=(lambda v: v > 0, "must be positive"),
    lora_rank=(lambda v: v >= 0, "must not be negative"),
    lora_target_ratio=(lambda v: v >= 0, "must not be negative"),
    precision=(WIDTH.__contains__, f"must be one of {list(WIDTH)}"),
)
@functools.lru_cache(maxsize=256)
def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1,
                                  precision: str = "float32") -> dict[str, float]:
    b = WIDTH[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = (N * b + N * t + 2 * N * t) / 1e9
    lora = (N * b + P * t + P * t + 2 * P * t) / 1e9
    return {
        "full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": full, "lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9, "lora_optimizer": 2 * P * t / 1e9, "lora_total": lora,
        "memory_savings_ratio": lora / full,
    }
