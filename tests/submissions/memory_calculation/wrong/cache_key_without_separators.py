# mistake: unnamed
# F(1, lora_rank=32) and then f(13, lora_rank=2): both have the key "1320.1float32", and the second gets the first one's values.
_CACHE = {}
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    key = f"{model_params_billions}{lora_rank}{lora_target_ratio}{precision}"
    if key not in _CACHE:
        b = _BYTES[precision]
        t = max(b, 2)
        N = model_params_billions * 1e9
        P = N * lora_target_ratio * 2 * lora_rank / 4096
        full = [N * b, N * t, 2 * N * t]
        lora = [N * b, P * t, P * t, 2 * P * t]
        values = [*full, sum(full), *lora, sum(lora)]
        _CACHE[key] = [v / 1e9 for v in values] + [sum(lora) / sum(full)]
    return dict(zip(
        ("full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total", "lora_weights", "lora_adapters",
         "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio"), _CACHE[key]))
