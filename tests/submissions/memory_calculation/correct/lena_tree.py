# who: Lena, web front-end, nested JSON in mind; unusual: nested dict, recursively flattened with "_" joined keys
def flatten(tree, path=()):
    if not isinstance(tree, dict):
        return {"_".join(path): tree}
    flat = {}
    for key, sub in tree.items():
        flat = {**flat, **flatten(sub, (*path, key))}
    return flat


def with_total(node):
    return {**node, "total": sum(node.values())}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sizes = {"float32": {"b": 4, "t": 4}, "float16": {"b": 2, "t": 2}, "bfloat16": {"b": 2, "t": 2},
             "int8": {"b": 1, "t": 2}, "int4": {"b": 0.5, "t": 2}}
    if (precision not in sizes) or (model_params_billions <= 0) or (lora_rank < 0) or (lora_target_ratio < 0):
        raise ValueError("Invalid arguments")
    b, t = sizes[precision]["b"], sizes[precision]["t"]
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    tree = {
        "full": {"ft": with_total({"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t})},
        "lora": with_total({"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t}),
    }
    tree["memory"] = {"savings": {"ratio": tree["lora"]["total"] / tree["full"]["ft"]["total"]}}
    return flatten(tree)
