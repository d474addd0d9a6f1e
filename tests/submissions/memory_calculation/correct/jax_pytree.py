# unusual: a JAX user's pytrees, counts and bytes are nested dicts multiplied leaf by leaf and flattened to the names at the end; keys in sorted order, values the contract's
from functools import reduce
from operator import add, mul
from typing import Callable, NamedTuple

try:
    import jax  # noqa: F401  nice to have
except ImportError:
    jax = None


class Hyper(NamedTuple):
    n: float
    r: int
    ratio: float
    precision: str


def tree_map(f: Callable, tree, *rest):
    if isinstance(tree, dict):
        return {k: tree_map(f, tree[k], *(r[k] for r in rest)) for k in sorted(tree)}
    return f(tree, *rest)


def tree_leaves(tree):
    return reduce(add, map(tree_leaves, tree.values())) if isinstance(tree, dict) else [tree]


def tree_flatten_with_names(tree, path=()):
    if not isinstance(tree, dict):
        return {"_".join(path): tree}
    return {k: v for name, sub in tree.items() for k, v in tree_flatten_with_names(sub, (*path, name)).items()}


def cond(pred, true_fun, false_fun, *operands):
    return true_fun(*operands) if pred else false_fun(*operands)


def fail(what):
    raise ValueError(f"invalid {what}")


def init(h: Hyper):
    table = {"float32": (4, 4), "float16": (2, 2), "bfloat16": (2, 2), "int8": (1, 2), "int4": (0.5, 2)}
    cond(h.precision in table, lambda _: None, fail, "precision")
    cond(h.n > 0, lambda _: None, fail, "size")
    cond(h.r >= 0, lambda _: None, fail, "rank")
    cond(h.ratio >= 0, lambda _: None, fail, "ratio")
    return table[h.precision]


def apply(h: Hyper, b, t):
    p = h.n * h.ratio * 2 * h.r / 4096
    counts = {
        "full_ft": {"weights": h.n, "gradients": h.n, "optimizer": 2 * h.n},
        "lora": {"weights": h.n, "adapters": p, "gradients": p, "optimizer": 2 * p},
    }
    sizes = {
        "full_ft": {"weights": b, "gradients": t, "optimizer": t},
        "lora": {"weights": b, "adapters": t, "gradients": t, "optimizer": t},
    }
    memory = tree_map(mul, counts, sizes)
    totals = {k: sum(tree_leaves(v)) for k, v in memory.items()}
    memory = {k: {**v, "total": totals[k]} for k, v in memory.items()}
    return tree_flatten_with_names({**memory, "memory_savings_ratio": totals["lora"] / totals["full_ft"]})


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    h = Hyper(model_params_billions, lora_rank, lora_target_ratio, precision)
    return apply(h, *init(h))
