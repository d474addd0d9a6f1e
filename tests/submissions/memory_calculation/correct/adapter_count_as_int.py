# a parameter count is an integer, so P is rounded down with int()
_PRECISION_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
_D_MODEL = 4096
_GB = 10**9


def count_adapter_parameters(n_params, ratio, rank):
    """Every d x d weight (d*d parameters) gets A (r x d) and B (d x r)."""
    targeted = n_params * ratio
    n_matrices = targeted / (_D_MODEL * _D_MODEL)
    return int(n_matrices * 2 * _D_MODEL * rank)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _PRECISION_BYTES:
        raise ValueError(f"Unsupported precision {precision!r}, choose from {list(_PRECISION_BYTES)}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank must not be negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must not be negative")

    n = model_params_billions * _GB
    weight_bytes = _PRECISION_BYTES[precision]
    train_bytes = max(weight_bytes, 2)
    p = count_adapter_parameters(n, lora_target_ratio, lora_rank)

    full_w = n * weight_bytes / _GB
    full_g = n * train_bytes / _GB
    full_o = 2 * full_g
    ada = p * train_bytes / _GB
    full_total = full_w + full_g + full_o
    lora_total = full_w + ada + ada + 2 * ada
    return {
        "full_ft_weights": full_w,
        "full_ft_gradients": full_g,
        "full_ft_optimizer": full_o,
        "full_ft_total": full_total,
        "lora_weights": full_w,
        "lora_adapters": ada,
        "lora_gradients": ada,
        "lora_optimizer": 2 * ada,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_total,
    }
