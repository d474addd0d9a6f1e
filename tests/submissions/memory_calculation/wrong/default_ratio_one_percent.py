# mistake: unnamed
# Calculate_memory_requirements(7)["lora_adapters"] is a tenth (right when the ratio is given).
import numpy as np

NAMES = np.array(["float32", "float16", "bfloat16", "int8", "int4"])
SIZES = np.array([4.0, 2.0, 2.0, 1.0, 0.5])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.01, precision="float32"):
    hit = SIZES[NAMES == precision]
    if hit.size == 0:
        raise ValueError("no such precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("out of range")
    b = hit.item()
    t = max(b, 2.0)
    N = float(model_params_billions)
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = np.array([b, t, 2 * t]) * N
    lora = np.array([N * b, P * t, P * t, 2 * P * t])
    keys = "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters lora_gradients lora_optimizer lora_total".split()
    out = dict(zip(keys, np.concatenate([full, [full.sum()], lora, [lora.sum()]]).tolist()))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
