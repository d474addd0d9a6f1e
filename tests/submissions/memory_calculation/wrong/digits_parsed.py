# mistake: unnamed
# Kind and bits are parsed with \d+ and int(), so int08 and float0032 are accepted.
# style: regular expression with int()
import re

KNOWN = {("float", 32), ("float", 16), ("bfloat", 16), ("int", 8), ("int", 4)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    match = re.fullmatch(r"([a-z]+)(\d+)", precision)
    if match is None or (match[1], int(match[2])) not in KNOWN:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    n = model_params_billions * 1e9
    b = int(match[2]) / 8
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = [n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9]
    lora = [n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9]
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
