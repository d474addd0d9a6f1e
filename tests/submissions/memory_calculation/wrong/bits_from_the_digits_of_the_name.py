# mistake: unnamed
# Calculate_memory_requirements(7, precision="int16") returns a result.
import re


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    match = re.fullmatch(r"(b?float|int)(4|8|16|32)", precision)
    if match is None:
        raise ValueError(f"cannot read precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = int(match[2]) / 8
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    parts = {"full_ft": {"weights": N * b, "gradients": N * t, "optimizer": 2 * N * t},
             "lora": {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": 2 * P * t}}
    out = {}
    for method, part in parts.items():
        for name, value in part.items():
            out[f"{method}_{name}"] = value / 1e9
        out[f"{method}_total"] = sum(part.values()) / 1e9
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
