# unusual: an async function driven by hand with send(), the values come out of generators and running totals of itertools; only the order of operations differs from the contract's
from collections import OrderedDict
from itertools import accumulate, chain, repeat

SIZES = "float32 4 float16 2 bfloat16 2 int8 1 int4 .5".split()
SIZES = dict(zip(SIZES[::2], map(float, SIZES[1::2])))


def section(prefix, parts):
    names, amounts = zip(*parts)
    yield from ((prefix + n, a) for n, a in zip(names, amounts))
    *_, last = accumulate(amounts)
    yield prefix + "total", last


def full(n, b, t):
    return section("full_ft_", [("weights", n * b), ("gradients", n * t), ("optimizer", sum(repeat(n * t, 2)))])


def lora(n, p, b, t):
    return section("lora_", [("weights", n * b), ("adapters", p * t), ("gradients", p * t), ("optimizer", sum(repeat(p * t, 2)))])


async def check(size, rank, ratio, precision):
    if precision not in SIZES:
        raise ValueError("precision " + precision)
    if size <= 0:
        raise ValueError("size " + str(size))
    if rank < 0 or ratio < 0:
        raise ValueError("negative")
    return SIZES[precision]


async def compute(n, r, ratio, precision):
    b = await check(n, r, ratio, precision)
    t = max(b, 2.0)
    p = n * ratio * 2 * r / 4096
    result = OrderedDict(chain(full(n, b, t), lora(n, p, b, t)))
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    result.move_to_end("memory_savings_ratio", last=False)
    return result


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    coroutine = compute(model_params_billions, lora_rank, lora_target_ratio, precision)
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    raise RuntimeError("nothing in here ever waits")
