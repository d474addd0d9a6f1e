# unusual: a stack of checking decorators without functools.wraps, so the name shows as `wrapper(*args, **kwargs)`; it still takes the contract's arguments and defaults, by position or keyword
import inspect


def check(condition, message):
    def decorator(function):
        signature = getattr(function, "original_signature", None) or inspect.signature(function)

        def wrapper(*args, **kwargs):
            bound = signature.bind(*args, **kwargs)
            bound.apply_defaults()
            if not condition(**bound.arguments):
                raise ValueError(message.format(**bound.arguments))
            return function(*args, **kwargs)

        wrapper.original_signature = signature
        return wrapper

    return decorator


def with_totals(function):
    signature = inspect.signature(function)

    def wrapper(*args, **kwargs):
        memory = function(*args, **kwargs)
        for prefix in ("full_ft_", "lora_"):
            memory[prefix + "total"] = sum(value for key, value in memory.items() if key.startswith(prefix))
        memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
        return memory

    wrapper.original_signature = signature
    return wrapper


def in_gb(function):
    def wrapper(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        return {k: v / 1e9 for k, v in function(model_params_billions * 1e9, lora_rank, lora_target_ratio, precision).items()}

    return wrapper


SIZE = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


@check(lambda precision, **_: precision in SIZE, "unknown precision {precision!r}")
@check(lambda model_params_billions, **_: model_params_billions > 0, "model size {model_params_billions} is not positive")
@check(lambda lora_rank, **_: lora_rank >= 0, "rank {lora_rank} is negative")
@check(lambda lora_target_ratio, **_: lora_target_ratio >= 0, "ratio {lora_target_ratio} is negative")
@with_totals
@in_gb
def calculate_memory_requirements(N, r, ratio, precision):
    b = SIZE[precision]
    t = max(b, 2)
    P = N * ratio * 2 * r / 4096
    return {
        "full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t,
        "lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t,
    }
