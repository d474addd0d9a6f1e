# extra keys: strings, None, a nested dictionary, integers
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    widths = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in widths:
        raise ValueError("precision")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")
    n = model_params_billions * 1e9
    b = widths[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = {"weights": n * b / 1e9, "gradients": n * t / 1e9, "optimizer": 2 * n * t / 1e9}
    lora = {
        "weights": n * b / 1e9,
        "adapters": p * t / 1e9,
        "gradients": p * t / 1e9,
        "optimizer": 2 * p * t / 1e9,
    }
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())
    ratio = lora["total"] / full["total"]
    return {
        "precision": precision,
        "breakdown": {"full": full, "lora": lora},
        **{f"full_ft_{k}": v for k, v in full.items()},
        **{f"lora_{k}": v for k, v in lora.items()},
        "memory_savings_ratio": ratio,
        "memory_savings_percent": 100 * (1 - ratio),
        "memory_saved_gb": full["total"] - lora["total"],
        "trainable_params": int(p),
        "fits_on_24gb": bool(lora["total"] < 24),
        "comment": None,
        0: "activations are not counted",
    }
