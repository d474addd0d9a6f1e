# unusual: values are numpy.float32 scalars (relative error 6e-8, far below 1e-5)
import numpy as np


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        b = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": .5}[precision]
    except KeyError:
        raise ValueError("precision") from None
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")
    t = b if b > 2 else 2
    n = float(model_params_billions)
    p = n * lora_target_ratio * lora_rank / 2048
    full = n * b, n * t, n * t * 2
    lora = n * b, p * t, p * t, p * t * 2
    d = {
        "full_ft_weights": full[0], "full_ft_gradients": full[1], "full_ft_optimizer": full[2], "full_ft_total": sum(full),
        "lora_weights": lora[0], "lora_adapters": lora[1], "lora_gradients": lora[2], "lora_optimizer": lora[3],
        "lora_total": sum(lora), "memory_savings_ratio": sum(lora) / sum(full),
    }
    return {k: np.float32(v) for k, v in d.items()}
