# style: JavaScript habit: `x or default` for rank, ratio and precision, so zeros become the defaults
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    rank = lora_rank or 16
    ratio = lora_target_ratio or 0.1
    if precision is None:
        precision = "float32"

    bytes_ = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 1 / 2}.get(precision)
    if bytes_ is None or model_params_billions <= 0 or rank < 0 or ratio < 0:
        raise ValueError(f"bad arguments: {model_params_billions}, {lora_rank}, {lora_target_ratio}, {precision!r}")

    trained = bytes_ if bytes_ > 2 else 2
    adapters = model_params_billions * ratio * rank * 2 / 4096

    result = {
        "full_ft_weights": model_params_billions * bytes_,
        "full_ft_gradients": model_params_billions * trained,
        "full_ft_optimizer": model_params_billions * trained * 2,
        "full_ft_total": 0,
        "lora_weights": model_params_billions * bytes_,
        "lora_adapters": adapters * trained,
        "lora_gradients": adapters * trained,
        "lora_optimizer": adapters * trained * 2,
        "lora_total": 0,
        "memory_savings_ratio": 0,
    }
    for family in ("full_ft", "lora"):
        result[family + "_total"] = sum(v for k, v in result.items() if k.startswith(family))
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
