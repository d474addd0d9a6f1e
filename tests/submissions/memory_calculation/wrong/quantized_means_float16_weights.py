# mistake: unnamed
# int8 weights are counted after dequantization to float16; int4 stays packed, so only int8 is wrong, and only for LoRA.
STORED = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _lora_width(precision):
    # bitsandbytes keeps a half-precision copy for the forward pass
    return 2 if precision == "int8" else STORED[precision]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in STORED:
        raise ValueError(f"not a precision: {precision}")
    if not model_params_billions > 0:
        raise ValueError(f"not a model size: {model_params_billions}")
    if lora_rank < 0:
        raise ValueError(f"not a rank: {lora_rank}")
    if lora_target_ratio < 0:
        raise ValueError(f"not a ratio: {lora_target_ratio}")
    n = 1e9 * model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    trained = max(STORED[precision], 2)
    out = {
        "full_ft_weights": n * STORED[precision] / 1e9,
        "full_ft_gradients": n * trained / 1e9,
        "full_ft_optimizer": 2 * n * trained / 1e9,
        "lora_weights": n * _lora_width(precision) / 1e9,
        "lora_adapters": p * trained / 1e9,
        "lora_gradients": p * trained / 1e9,
        "lora_optimizer": 2 * p * trained / 1e9,
    }
    out["full_ft_total"] = out["full_ft_weights"] + out["full_ft_gradients"] + out["full_ft_optimizer"]
    out["lora_total"] = (
        out["lora_weights"] + out["lora_adapters"] + out["lora_gradients"] + out["lora_optimizer"]
    )
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
