# mistake: unnamed
# Results are cached under size and precision only, so a later call with another rank or ratio gets the old result.
_cache = {}

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _compute(size, rank, ratio, precision):
    n = size * 1e9
    p = n * ratio * 2 * rank / 4096
    b, t = BYTES[precision], max(BYTES[precision], 2)
    out = {
        "full_ft_weights": n * b / 1e9,
        "full_ft_gradients": n * t / 1e9,
        "full_ft_optimizer": 2 * n * t / 1e9,
        "full_ft_total": n * (b + 3 * t) / 1e9,
        "lora_weights": n * b / 1e9,
        "lora_adapters": p * t / 1e9,
        "lora_gradients": p * t / 1e9,
        "lora_optimizer": 2 * p * t / 1e9,
        "lora_total": (n * b + 4 * p * t) / 1e9,
    }
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size, rank and ratio must be positive")
    key = (model_params_billions, precision)
    if key not in _cache:
        _cache[key] = _compute(model_params_billions, lora_rank, lora_target_ratio, precision)
    return dict(_cache[key])
