# mistake: unnamed
# Calculate_memory_requirements(7, precision="float64") raises KeyError.
from enum import Enum


class Precision(Enum):
    # (stored, trained) bytes
    float32 = (4, 4, "single")
    float16 = (2, 2, "half")
    bfloat16 = (2, 2, "brain")
    int8 = (1, 2, "byte")
    int4 = (0.5, 2, "nibble")

    def __init__(self, stored, trained, label):
        self.stored = stored
        self.trained = trained
        self.label = label


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    prec = Precision[precision]  # Enum raises for unknown names
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")

    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    weights = n * prec.stored
    full = {"weights": weights, "gradients": n * prec.trained, "optimizer": 2 * n * prec.trained}
    lora = {"weights": weights, "adapters": p * prec.trained, "gradients": p * prec.trained,
            "optimizer": 2 * p * prec.trained}
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())
    return {
        **{f"full_ft_{k}": v for k, v in full.items()},
        **{f"lora_{k}": v for k, v in lora.items()},
        "memory_savings_ratio": lora["total"] / full["total"],
    }
