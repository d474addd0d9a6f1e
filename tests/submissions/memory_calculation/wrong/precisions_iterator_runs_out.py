# mistake: unnamed
# The table is a zip object, used up by the first lookups: valid precisions raise ValueError in later calls.
names = ["float32", "float16", "bfloat16", "int8", "int4"]
sizes = [4, 2, 2, 1, 0.5]
TABLE = zip(names, sizes)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = next((size for name, size in TABLE if name == precision), None)
    if b is None:
        raise ValueError("unknown precision " + precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")

    n = model_params_billions * 1e9
    trained = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    res = {"full_ft_weights": n * b, "full_ft_gradients": n * trained, "full_ft_optimizer": 2 * n * trained}
    res["full_ft_total"] = sum(res.values())
    lora = {"lora_weights": n * b, "lora_adapters": p * trained, "lora_gradients": p * trained,
            "lora_optimizer": 2 * p * trained}
    lora["lora_total"] = sum(lora.values())
    res.update(lora)
    res = {k: v / 1e9 for k, v in res.items()}
    res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
    return res
