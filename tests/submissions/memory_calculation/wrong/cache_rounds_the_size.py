# mistake: unnamed
# F(6.74) and then f(6.7): the second gets the values of the first (a fresh process gives both right).
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
_cache = {}


def _model_states(size, precision):
    """(N b, N t) in GB. Floats make bad keys, so the size is rounded in the key."""
    key = (round(size, 1), precision)
    if key not in _cache:
        b = _BYTES[precision]
        _cache[key] = (size * b, size * max(b, 2))
    return _cache[key]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    weights, trained = _model_states(model_params_billions, precision)
    adapters = trained * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = weights + 3 * trained, weights + 4 * adapters
    return {
        "full_ft_weights": weights, "full_ft_gradients": trained, "full_ft_optimizer": 2 * trained, "full_ft_total": full,
        "lora_weights": weights, "lora_adapters": adapters, "lora_gradients": adapters, "lora_optimizer": 2 * adapters,
        "lora_total": lora, "memory_savings_ratio": lora / full,
    }
