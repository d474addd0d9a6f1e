# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=-1) returns a result (raises only when both are negative).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if not model_params_billions > 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 > lora_target_ratio:
        raise ValueError("lora_rank and lora_target_ratio must not be negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    return _report(N * b / 1e9, N * t / 1e9, P * t / 1e9)


def _report(w, g, a):
    return {
        "full_ft_weights": w, "full_ft_gradients": g, "full_ft_optimizer": 2 * g, "full_ft_total": w + 3 * g,
        "lora_weights": w, "lora_adapters": a, "lora_gradients": a, "lora_optimizer": 2 * a, "lora_total": w + 4 * a,
        "memory_savings_ratio": (w + 4 * a) / (w + 3 * g),
    }
