# mistake: unnamed
# An unknown precision raises the dict's own KeyError.
PRECISIONS = ("float32", "float16", "bfloat16", "int8", "int4")
WIDTH = dict(zip(PRECISIONS, (4, 2, 2, 1, 1 / 2)))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if any([model_params_billions <= 0, lora_rank < 0, lora_target_ratio < 0]):
        raise ValueError("sizes cannot be negative")

    N = model_params_billions * 1e9
    b = WIDTH[precision]
    t = max(b, 2)
    P = N * lora_target_ratio * lora_rank * 2 / 4096

    in_bytes = {
        "full_ft_weights": N * b,
        "full_ft_gradients": N * t,
        "full_ft_optimizer": 2 * N * t,
        "lora_weights": N * b,
        "lora_adapters": P * t,
        "lora_gradients": P * t,
        "lora_optimizer": 2 * P * t,
    }
    for method in ("full_ft", "lora"):
        in_bytes[method + "_total"] = sum(v for k, v in in_bytes.items() if k.startswith(method))

    memory = {key: value / 1e9 for key, value in in_bytes.items()}
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
