# numpy scalars
import numpy as np

_WIDTH = np.array([(b"float32", 4), (b"float16", 2), (b"bfloat16", 2), (b"int8", 1), (b"int4", 0.5)], dtype=[("name", "S8"), ("b", "f8")])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    row = _WIDTH[[n.decode() == precision for n in _WIDTH["name"]]]
    if row.size != 1:
        raise ValueError(f"{precision!r}: one of {[n.decode() for n in _WIDTH['name']]} wanted")
    if np.less_equal(model_params_billions, 0) or np.any(np.array([lora_rank, lora_target_ratio]) < 0):
        raise ValueError("size, rank or ratio")
    b = row["b"][0]
    t = np.maximum(b, 2)
    N = np.float64(model_params_billions) * 1e9
    P = np.floor(N * lora_target_ratio * 2 * lora_rank / 4096)      # whole parameters
    full = N * np.array([b, t, 2 * t]) / 1e9
    lora = np.r_[N * b, P * t, P * t, 2 * P * t] / 1e9
    values = np.r_[full, full.sum(), lora, lora.sum(), lora.sum() / full.sum()]
    names = "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters lora_gradients lora_optimizer lora_total memory_savings_ratio"
    return dict(zip(names.split(), values))
