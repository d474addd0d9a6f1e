# the name is a functools.partial with d = 4096 bound in front; pieces come from a generator that is sent the sizes
from functools import partial
from types import SimpleNamespace


def _running_total(prefix, into):
    total = 0
    while True:
        name, size = yield total
        into[f"{prefix}_{name}"] = size
        total += size


def _width(precision):
    kind, digits = precision.rstrip("0123456789"), precision.lstrip("abcdefghijklmnopqrstuvwxyz")
    if (kind, digits) not in {("float", "32"), ("float", "16"), ("bfloat", "16"), ("int", "8"), ("int", "4")}:
        raise ValueError(f"precision = {precision!r}")
    return int(digits) / 8


def _memory(d, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    a = SimpleNamespace(n=model_params_billions * 1e9, r=lora_rank, share=lora_target_ratio, b=_width(precision))
    if a.n <= 0 or a.r < 0 or a.share < 0:
        raise ValueError(str(a))
    a.t = max(a.b, 2)
    a.matrices = a.n * a.share / (d * d)  # so many d x d weights are targeted ...
    a.p = a.matrices * (d * a.r + a.r * d)  # ... and each gains A and B
    out = {}
    for prefix, trained in ("full_ft", a.n), ("lora", a.p):
        book = _running_total(prefix, out)
        next(book)
        book.send(("weights", a.n * a.b / 1e9))
        if prefix == "lora":
            book.send(("adapters", trained * a.t / 1e9))
        book.send(("gradients", trained * a.t / 1e9))
        out[f"{prefix}_total"] = book.send(("optimizer", 2 * trained * a.t / 1e9))
        book.close()
    return out | {"memory_savings_ratio": out["lora_total"] / out["full_ft_total"]}


calculate_memory_requirements = partial(_memory, 4096)
