# values are np.longdouble scalars, taken out of a structured array
import numpy as np

PRECISIONS = np.array(
    [("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1), ("int4", 0.5)],
    dtype=[("name", "U8"), ("bytes", np.longdouble)],
)
ROW = np.dtype(
    [
        (key, np.longdouble)
        for key in (
            "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters "
            "lora_gradients lora_optimizer lora_total memory_savings_ratio"
        ).split()
    ]
)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    known = PRECISIONS["name"] == str(precision)
    if not known.any():
        raise ValueError("precision: " + str(precision))
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes")
    (b,) = PRECISIONS["bytes"][known]
    t = np.maximum(b, 2)
    N = np.longdouble(model_params_billions) * 10**9
    P = N * np.longdouble(lora_target_ratio) * 2 * lora_rank / 4096

    row = np.zeros((), ROW)
    row["full_ft_weights"] = row["lora_weights"] = N * b
    row["full_ft_gradients"], row["full_ft_optimizer"] = N * t, 2 * N * t
    row["full_ft_total"] = N * b + 3 * N * t
    row["lora_adapters"] = row["lora_gradients"] = P * t
    row["lora_optimizer"] = 2 * P * t
    row["lora_total"] = N * b + 4 * P * t
    row["memory_savings_ratio"] = row["lora_total"] / row["full_ft_total"]
    return {key: row[key][()] / (1 if key.endswith("ratio") else 10**9) for key in ROW.names}
