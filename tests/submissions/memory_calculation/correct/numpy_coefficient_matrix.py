# style: linear algebra, a 9x4 coefficient matrix times the vector (Nb, Nt, Pb, Pt); longdouble results
import numpy as np

#                     Nb  Nt  Pt
_COEFF = {
    "full_ft_weights":   (1, 0, 0),
    "full_ft_gradients": (0, 1, 0),
    "full_ft_optimizer": (0, 2, 0),
    "full_ft_total":     (1, 3, 0),
    "lora_weights":      (1, 0, 0),
    "lora_adapters":     (0, 0, 1),
    "lora_gradients":    (0, 0, 1),
    "lora_optimizer":    (0, 0, 2),
    "lora_total":        (1, 0, 4),
}
_M = np.array(list(_COEFF.values()), dtype=np.longdouble)
_NAMES = np.array(["float32", "float16", "bfloat16", "int8", "int4"])
_B = np.array([4, 2, 2, 1, .5], dtype=np.longdouble)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict:
    hit = np.flatnonzero(_NAMES == precision)
    if hit.size != 1:
        raise ValueError(f"{precision!r} is not in {_NAMES.tolist()}")
    if np.any(np.array([lora_rank, lora_target_ratio]) < 0) or not model_params_billions > 0:
        raise ValueError("out of range")
    b = _B[hit[0]]
    t = np.fmax(b, 2)
    n = np.longdouble(model_params_billions)
    p = n * lora_target_ratio * lora_rank / 2048
    gb = _M @ np.array([n * b, n * t, p * t])
    out = dict(zip(_COEFF, gb))
    out["memory_savings_ratio"] = gb[8] / gb[3]
    return out
