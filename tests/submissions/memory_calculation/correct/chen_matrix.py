# who: Chen, applied mathematics, thinks in matrices; unusual: one coefficient matrix times the vector (N b, N t, P t), values are np.float64
import numpy as np

KEYS = ("full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
        "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total")

#              N b N t P t
M = np.array([[1, 0, 0],
              [0, 1, 0],
              [0, 2, 0],
              [1, 3, 0],
              [1, 0, 0],
              [0, 0, 1],
              [0, 0, 1],
              [0, 0, 2],
              [1, 0, 4]], dtype=float)

# consistency of the table: totals are sums of their rows
assert (M[3] == M[:3].sum(0)).all() and (M[8] == M[4:8].sum(0)).all()


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    names = np.array(["float32", "float16", "bfloat16", "int8", "int4"])
    sizes = np.array([4.0, 2.0, 2.0, 1.0, 0.5])
    (hit,) = np.nonzero(names == precision)
    if hit.size != 1:
        raise ValueError("precision: " + str(precision))
    if model_params_billions <= 0 or min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("size must be > 0, rank and ratio >= 0")
    b = sizes[hit[0]]
    t = np.maximum(b, 2.0)
    n = float(model_params_billions)  # already in 1e9
    p = n * lora_target_ratio * lora_rank / 2048
    y = M @ np.array([n * b, n * t, p * t])
    out = dict(zip(KEYS, y))
    out["memory_savings_ratio"] = y[8] / y[3]
    return out
