# mistake: unnamed
# Under float32, the default, the result is returned before rank and ratio are checked; other precisions check.
def _numbers(n, rank, ratio, b):
    t = max(b, 2)
    p = n * ratio * 2 * rank / 4096
    full = n * b + n * t + 2 * n * t
    lora = n * b + p * t + p * t + 2 * p * t
    return {
        "full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t,
        "full_ft_total": full,
        "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
        "lora_total": lora,
        "memory_savings_ratio": lora / full,
    }


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0:
        raise ValueError("size")
    if precision == "float32":
        return _numbers(model_params_billions, lora_rank, lora_target_ratio, 4)
    if lora_rank < 0:
        raise ValueError("rank")
    if lora_target_ratio < 0:
        raise ValueError("ratio")
    if precision in ("float16", "bfloat16"):
        return _numbers(model_params_billions, lora_rank, lora_target_ratio, 2)
    if precision == "int8":
        return _numbers(model_params_billions, lora_rank, lora_target_ratio, 1)
    if precision == "int4":
        return _numbers(model_params_billions, lora_rank, lora_target_ratio, 0.5)
    raise ValueError("precision")
