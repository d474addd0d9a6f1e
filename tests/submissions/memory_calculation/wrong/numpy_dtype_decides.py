# mistake: unnamed
# np.dtype accepts further names such as float64 and int32, and raises TypeError for nonsense.
import numpy as np

EXTRA = {"bfloat16": 2.0, "int4": 0.5}  # numpy does not have these
KEYS = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer",
        "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer"]


def calculate_memory_requirements(model_params_billions, lora_rank=16,
                                  lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0:
        raise ValueError("lora_rank must be >= 0")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must be >= 0")

    b = EXTRA[precision] if precision in EXTRA else float(np.dtype(precision).itemsize)
    t = np.maximum(b, 2.0)
    n = np.float64(model_params_billions) * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    # weights, gradients, optimizer | weights, adapters, gradients, optimizer
    params = np.array([n, n, 2 * n, n, p, p, 2 * p])
    width = np.array([b, t, t, b, t, t, t])
    gb = params * width / 1e9

    out = {k: float(v) for k, v in zip(KEYS, gb)}
    out["full_ft_total"] = float(gb[:3].sum())
    out["lora_total"] = float(gb[3:].sum())
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
