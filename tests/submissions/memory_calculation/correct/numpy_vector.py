# one numpy vector for all rows; the values are np.float64 scalars
import numpy as np

NAMES = np.array(["float32", "float16", "bfloat16", "int8", "int4"])
BITS = np.array([32, 16, 16, 8, 4])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    (where,) = np.nonzero(NAMES == precision)
    if where.size == 0:
        raise ValueError(f"{precision!r} is not a known precision")
    if np.less_equal(model_params_billions, 0) or np.any(np.less([lora_rank, lora_target_ratio], 0)):
        raise ValueError("negative size, rank or ratio")

    stored = BITS[where[0]] / 8
    trained = np.maximum(stored, 2.0)
    n = np.float64(model_params_billions) * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    full = np.array([n * stored, n * trained, 2 * n * trained]) / 1e9
    lora = np.array([n * stored, p * trained, p * trained, 2 * p * trained]) / 1e9
    values = np.concatenate([full, [full.sum()], lora, [lora.sum()], [lora.sum() / full.sum()]])
    keys = (
        "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total "
        "lora_weights lora_adapters lora_gradients lora_optimizer lora_total memory_savings_ratio"
    ).split()
    return dict(zip(keys, values))
