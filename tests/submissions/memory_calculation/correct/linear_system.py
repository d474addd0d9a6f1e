# style: the ten values are the solution of a 10 x 10 linear system (np.linalg.solve), the ratio divided after it
import numpy as np

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("the model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")
    n = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    a = np.eye(9)
    a[3, :3] = -1  # total - parts = 0
    a[8, 4:8] = -1
    a[5, 6] = 0
    a[6, 5] = -1  # gradients - adapters = 0
    a[7, 5] = -2
    a[2, 1] = -2
    right = np.zeros(9)
    right[[0, 1, 4, 5]] = n * b, n * t, n * b, p * t
    x = np.linalg.solve(a, right) / 1e9
    keys = "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters lora_gradients lora_optimizer lora_total"
    return {**dict(zip(keys.split(), x)), "memory_savings_ratio": x[8] / x[3]}
