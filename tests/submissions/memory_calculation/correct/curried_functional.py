# style: functional programmer: partial, reduce, operator, no statement but return
from functools import partial, reduce
from operator import add, mul

prod = partial(reduce, mul)
total = partial(reduce, add)
width = {"float32": lambda: 4, "float16": lambda: 2, "bfloat16": lambda: 2, "int8": lambda: 1, "int4": lambda: 0.5}


def fail(message):
    raise ValueError(message)


check = lambda ok, message: lambda value: value if ok(value) else fail(f"{message}: {value}")
positive = check(lambda v: v > 0, "must be positive")
natural = check(lambda v: v >= 0, "must not be negative")
known = check(width.__contains__, "no such precision")
trained = lambda b: b * (b >= 2) + 2 * (b < 2)
name = lambda prefix: lambda pair: (prefix + pair[0], pair[1])
with_total = lambda items: [*items, ("total", total([v for _, v in items]))]
ratio = lambda d: {**d, "memory_savings_ratio": d["lora_total"] / d["full_ft_total"]}


def report(n, p, b, t):
    return ratio(dict([
        *map(name("full_ft_"), with_total([("weights", n * b), ("gradients", n * t), ("optimizer", prod([2, n, t]))])),
        *map(name("lora_"), with_total([("weights", n * b), ("adapters", p * t), ("gradients", p * t), ("optimizer", prod([2, p, t]))])),
    ]))


calculate_memory_requirements = lambda model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32": (
    lambda n, r, q, b: report(n, prod([n, q, 2, r, 1 / 4096]), b, trained(b))
)(positive(model_params_billions), natural(lora_rank), natural(lora_target_ratio), width[known(precision)]())
