# mistake: unnamed
# The gigabytes are held in np.float16, with errors around 1e-3 and zeros for tiny adapters.
import numpy as np


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    width = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
    if precision not in width:
        raise ValueError("precision")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank, lora_target_ratio")

    b = width[precision]
    t = max(b, 2.0)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = np.array([n * b, n * t, 2 * n * t], dtype=np.float16)
    lora = np.array([n * b, p * t, p * t, 2 * p * t], dtype=np.float16)
    return {
        "full_ft_weights": float(full[0]),
        "full_ft_gradients": float(full[1]),
        "full_ft_optimizer": float(full[2]),
        "full_ft_total": float(full.sum()),
        "lora_weights": float(lora[0]),
        "lora_adapters": float(lora[1]),
        "lora_gradients": float(lora[2]),
        "lora_optimizer": float(lora[3]),
        "lora_total": float(lora.sum()),
        "memory_savings_ratio": float(lora.sum() / full.sum()),
    }
