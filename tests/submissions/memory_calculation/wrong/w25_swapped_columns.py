# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["lora_gradients"] is 0.021875, should be 0.0109375.
import numpy as np

FULL = ["weights", "gradients", "optimizer"]
LORA = ["weights", "adapters", "optimizer", "gradients"]
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES or model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("invalid argument")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    counts_full = np.array([N, N, N])
    counts_lora = np.array([N, P, P, P])
    mult_full = np.array([b, t, 2 * t])
    mult_lora = np.array([b, t, t, 2 * t])

    full = counts_full * mult_full / 1e9
    lora = counts_lora * mult_lora / 1e9

    out = {f"full_ft_{k}": float(v) for k, v in zip(FULL, full)}
    out["full_ft_total"] = float(full.sum())
    out |= {f"lora_{k}": float(v) for k, v in zip(LORA, lora)}
    out["lora_total"] = float(lora.sum())
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
