# closed form
# alles auf den Quotienten zurueckgefuehrt
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision == "float32":
        b, t = 4, 4
    elif precision in {"float16", "bfloat16"}:
        b, t = 2, 2
    elif precision == "int8":
        b, t = 1, 2
    elif precision == "int4":
        b, t = 0.5, 2
    else:
        raise ValueError(f"Praezision {precision} kenne ich nicht")
    if min(lora_rank, lora_target_ratio) < 0 or model_params_billions <= 0:
        raise ValueError("negative oder leere Groesse")
    q = lora_target_ratio * lora_rank / 2048           # Adapter je Modellparameter
    g = model_params_billions
    return {
        "memory_savings_ratio": (b + 4 * q * t) / (b + 3 * t),
        "lora_total": g * (b + 4 * q * t), "full_ft_total": g * (b + 3 * t),
        "lora_optimizer": 2 * g * q * t, "lora_gradients": g * q * t, "lora_adapters": g * q * t, "lora_weights": g * b,
        "full_ft_optimizer": 2 * g * t, "full_ft_gradients": g * t, "full_ft_weights": g * b,
    }
