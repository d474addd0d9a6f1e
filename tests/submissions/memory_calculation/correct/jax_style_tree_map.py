# unusual: JAX style: pure functions, a small tree_map over a nested pytree, flattened at the end; longdouble values
import numpy as np

f = np.longdouble


def tree_map(fn, tree):
    return {k: tree_map(fn, v) for k, v in tree.items()} if isinstance(tree, dict) else fn(tree)


def tree_leaves(tree):
    return [leaf for v in tree.values() for leaf in tree_leaves(v)] if isinstance(tree, dict) else [tree]


def flatten(tree, path=()):
    for k, v in tree.items():
        yield from flatten(v, (*path, k)) if isinstance(v, dict) else [("_".join((*path, k)), v)]


def init(n, p, b, t):
    return {
        "full_ft": {"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t},
        "lora": {"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t},
    }


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}.get(precision)
    if b is None:
        raise ValueError(f"dtype {precision} is not supported")
    if not (model_params_billions > 0 and lora_rank >= 0 and lora_target_ratio >= 0):
        raise ValueError("invalid shapes")
    n = f(model_params_billions) * f(1e9)
    p = n * f(lora_target_ratio) * 2 * f(lora_rank) / 4096
    tree = tree_map(lambda x: x / f(1e9), init(n, p, f(b), f(max(b, 2))))
    for branch in tree.values():
        branch["total"] = sum(tree_leaves(branch))
    tree["memory_savings_ratio"] = tree["lora"]["total"] / tree["full_ft"]["total"]
    return dict(flatten(tree))
