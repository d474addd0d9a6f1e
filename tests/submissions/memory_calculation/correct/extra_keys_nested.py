# style: an OrderedDict with many extra keys first: text, None, a nested dict, a list, percentages and GiB beside the ten
from collections import OrderedDict


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    names = ["float32", "float16", "bfloat16", "int8", "int4"]
    try:
        b = [4, 2, 2, 1, 0.5][names.index(precision)]  # list.index raises ValueError itself
    except ValueError:
        raise ValueError(f"precision {precision!r} is not among {names}") from None
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    out = OrderedDict()
    out["precision"] = precision
    out["note"] = "activations are not counted"
    out["activations"] = None
    out["adapter_parameters"] = P
    out["config"] = {"rank": lora_rank, "ratio": lora_target_ratio}
    out["bytes"] = [b, t]
    for key, value in {
        "full_ft_weights": N * b,
        "full_ft_gradients": N * t,
        "full_ft_optimizer": 2 * N * t,
        "lora_weights": N * b,
        "lora_adapters": P * t,
        "lora_gradients": P * t,
        "lora_optimizer": 2 * P * t,
    }.items():
        out[key] = value / 1e9
        out[key + "_gib"] = value / 2**30
    for side in ("full_ft", "lora"):
        out[f"{side}_total"] = sum(
            v for k, v in out.items() if k.startswith(side + "_") and not k.endswith("_gib")
        )
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    out["memory_saved_percent"] = 100 * (1 - out["memory_savings_ratio"])
    out["total"] = -1.0
    return out
