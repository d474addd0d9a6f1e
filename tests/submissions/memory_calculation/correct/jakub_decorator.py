# who: Jakub, backend developer, validation belongs in decorators; unusual: a decorator binds the signature, checks, and turns the generator's pairs into a dict
import functools
import inspect


def returns(kind):
    def deco(fn):
        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            return kind(fn(*args, **kwargs))

        return wrapper

    return deco


def require(**checks):
    def deco(fn):
        sig = inspect.signature(fn)

        @functools.wraps(fn)
        def wrapper(*args, **kwargs):
            bound = sig.bind(*args, **kwargs)
            bound.apply_defaults()
            for name, (ok, text) in checks.items():
                value = bound.arguments[name]
                if not ok(value):
                    raise ValueError(f"{name} {text}, got {value!r}")
            return fn(*bound.args, **bound.kwargs)

        return wrapper

    return deco


SIZES = dict(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)


@require(
    precision=(SIZES.__contains__, f"must be in {tuple(SIZES)}"),
    model_params_billions=(lambda v: v > 0, "must be positive"),
    lora_rank=(lambda v: v >= 0, "must not be negative"),
    lora_target_ratio=(lambda v: v >= 0, "must not be negative"),
)
@returns(dict)
def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
):
    b = SIZES[precision]
    t = b if b > 2 else 2
    n = model_params_billions
    p = n * lora_target_ratio * (lora_rank + lora_rank) / 4096

    total_full = total_lora = 0
    for key, gb in (("weights", n * b), ("gradients", n * t), ("optimizer", 2 * n * t)):
        total_full += gb
        yield "full_ft_" + key, gb
    yield "full_ft_total", total_full
    for key, gb in (("weights", n * b), ("adapters", p * t), ("gradients", p * t), ("optimizer", 2 * p * t)):
        total_lora += gb
        yield "lora_" + key, gb
    yield "lora_total", total_lora
    yield "memory_savings_ratio", total_lora / total_full
