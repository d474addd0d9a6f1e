# mistake: unnamed
# Calculate_memory_requirements(7): the two are swapped for LoRA, the total and the ratio are right.
import numpy as np

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
# columns: N b, N t, P t
TABLE = {
    "full_ft_weights": (1, 0, 0), "full_ft_gradients": (0, 1, 0), "full_ft_optimizer": (0, 2, 0), "full_ft_total": (1, 3, 0),
    "lora_weights": (1, 0, 0), "lora_adapters": (0, 0, 1), "lora_gradients": (0, 0, 2), "lora_optimizer": (0, 0, 1),
    "lora_total": (1, 0, 4),
}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    values = np.array(list(TABLE.values()), dtype=float) @ np.array([n * b, n * t, p * t], dtype=float)
    memory = dict(zip(TABLE, values.tolist()))
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
