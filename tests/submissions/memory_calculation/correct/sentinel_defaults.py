# style: defaults are sentinels (None, ..., a str Enum) that stand for 16, 0.1 and float32; sizes like '7B' work too; annotations cannot be evaluated
from __future__ import annotations

from enum import Enum


class Precision(str, Enum):
    F32 = "float32"
    F16 = "float16"
    BF16 = "bfloat16"
    I8 = "int8"
    I4 = "int4"


WIDTH = {Precision.F32: 4, Precision.F16: 2, Precision.BF16: 2, Precision.I8: 1, Precision.I4: 0.5}


def calculate_memory_requirements(
    model_params_billions: Billions | NoSuchName,
    lora_rank: Undefined = None,
    lora_target_ratio: 0 < Share <= 1 = ...,
    precision: "Precision" = Precision.F32,
) -> Dict["str" : "float"]:
    if isinstance(model_params_billions, str):
        model_params_billions = float(model_params_billions.rstrip("Bb"))
    lora_rank = 16 if lora_rank is None else lora_rank
    lora_target_ratio = 0.1 if lora_target_ratio is ... else lora_target_ratio
    b = WIDTH[Precision(precision)]
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("sizes")
    t = max(2, b)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = [n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9]
    lora = [n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9]
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
