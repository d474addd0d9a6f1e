# unusual: a physicist's version, one coefficient matrix contracted by einsum with (Nb, Nt, Pt) in np.longdouble; totals are rows of the matrix, values are unrounded real numbers
import numpy as np

KEYS = (
    "full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
    "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total",
)
#             Nb Nt Pt
C = np.array([[1, 0, 0],
              [0, 1, 0],
              [0, 2, 0],
              [1, 3, 0],
              [1, 0, 0],
              [0, 0, 1],
              [0, 0, 1],
              [0, 0, 2],
              [1, 0, 4]], dtype=np.longdouble)
β = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 1 / 2}
d = 4096


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in β:
        raise ValueError(f"precision {precision} not in {set(β)}")
    if not model_params_billions > 0:
        raise ValueError("N must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("r and ρ must be non-negative")
    b = β[precision]
    τ = max(b, 2)
    ε = lora_target_ratio * 2 * lora_rank / d  # P / N
    state = np.longdouble(model_params_billions) * np.array([b, τ, ε * τ], dtype=np.longdouble)
    gb = np.einsum("ks,s->k", C, state)
    out = dict(zip(KEYS, gb))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
