# style: numpy float64, P with np.floor after the other order of factors, values np.float64
import numpy as np


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sizes = np.array([4, 2, 2, 1, 0.5])
    names = ["float32", "float16", "bfloat16", "int8", "int4"]
    if precision not in names:
        raise ValueError("Invalid precision")
    if model_params_billions <= 0:
        raise ValueError("Invalid model size")
    if lora_rank < 0:
        raise ValueError("Invalid rank")
    if lora_target_ratio < 0:
        raise ValueError("Invalid ratio")
    b = sizes[names.index(precision)]
    t = np.clip(b, 2, None)
    N = np.float64(model_params_billions) * 1e9
    P = np.floor((2 * lora_rank / 4096) * (N * lora_target_ratio))
    full = np.array([N * b, N * t, 2 * N * t]) / 1e9
    lora = np.array([N * b, P * t, P * t, 2 * P * t]) / 1e9
    keys_full = ["full_ft_" + s for s in ("weights", "gradients", "optimizer")]
    keys_lora = ["lora_" + s for s in ("weights", "adapters", "gradients", "optimizer")]
    result = dict(zip(keys_full + keys_lora, np.concatenate([full, lora])))
    result.update(full_ft_total=full.sum(), lora_total=lora.sum(), memory_savings_ratio=lora.sum() / full.sum())
    return result
