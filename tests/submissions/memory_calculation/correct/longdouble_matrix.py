# style: one coefficient matrix times the vector (N, P) in np.longdouble; the keys are np.str_, the values np.longdouble
import numpy as np

NAMES = np.array(
    ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
     "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total"]
)
#             N b, N t, P t
COEFFICIENTS = np.array(
    [[1, 0, 0], [0, 1, 0], [0, 2, 0], [1, 3, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1], [0, 0, 2], [1, 0, 4]],
    dtype=np.longdouble,
)
PRECISIONS = np.array(["float32", "float16", "bfloat16", "int8", "int4"])
BYTES = np.array([4, 2, 2, 1, 0.5], dtype=np.longdouble)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in PRECISIONS.tolist():
        raise ValueError(f"precision must be one of {PRECISIONS.tolist()}")
    if not np.all([model_params_billions > 0, lora_rank >= 0, lora_target_ratio >= 0]):
        raise ValueError("size must be > 0, rank and ratio >= 0")
    b = BYTES[PRECISIONS == precision][0]
    t = np.maximum(b, 2)
    N = np.longdouble(model_params_billions) * 10**9
    P = N * np.longdouble(lora_target_ratio) * 2 * np.longdouble(lora_rank) / 4096
    values = COEFFICIENTS @ np.array([N * b, N * t, P * t]) / 10**9
    result = dict(zip(NAMES, values))
    result["memory_savings_ratio"] = values[8] / values[3]
    return result
