# who: Tomas, Haskell and Scala; unusual: no statements but returns, partial application, reduce, operator module, Either-like validation
from functools import partial, reduce
from operator import add, mul

product = partial(reduce, mul)
total = partial(reduce, add)
compose = lambda *fs: reduce(lambda f, g: lambda x: g(f(x)), fs)


def left(message):
    raise ValueError(message)


right = lambda x: x
ensure = lambda predicate, message: lambda x: right(x) if predicate(x) else left(f"{message}: {x!r}")

positive = ensure(lambda x: x > 0, "not positive")
natural = ensure(lambda x: x >= 0, "negative")
width = compose(
    ensure(lambda s: s in ("float32", "float16", "bfloat16", "int8", "int4"), "no such precision"),
    {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get,
)

pairs = lambda prefix, names, values: tuple(zip(map(partial(add, prefix), names), values))
close = lambda prefix, kv: kv + ((prefix + "total", total(map(lambda p: p[1], kv))),)
finish = lambda d: {**d, "memory_savings_ratio": d["lora_total"] / d["full_ft_total"]}


def _report(n, p, b, t):
    return finish(dict(
        close("full_ft_", pairs("full_ft_", ("weights", "gradients", "optimizer"), (n * b, n * t, 2 * n * t)))
        + close("lora_", pairs("lora_", ("weights", "adapters", "gradients", "optimizer"),
                               (n * b, p * t, p * t, 2 * p * t)))
    ))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    return (lambda n, r, q, b: _report(n, product((n, q, 2, r)) / 4096, b, max(b, 2)))(
        positive(model_params_billions), natural(lora_rank), natural(lora_target_ratio), width(precision)
    )
