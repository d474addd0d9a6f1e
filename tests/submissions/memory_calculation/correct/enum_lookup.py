# enum lookup
from enum import Enum


class Precision(Enum):
    FP32 = "float32"
    FP16 = "float16"
    BF16 = "bfloat16"
    I8 = "int8"
    I4 = "int4"

    def bits(self):
        return int("".join(filter(str.isdigit, self.value)))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bits = Precision(precision).bits()       # ValueError comes from Enum
    if not model_params_billions > 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("out of range")
    trained_bits = bits if bits > 16 else 16
    n = model_params_billions / 8
    p = n * lora_target_ratio * lora_rank / 2048
    result = dict.fromkeys(["full_ft_weights", "lora_weights"], n * bits)
    result["full_ft_gradients"] = n * trained_bits
    result["lora_adapters"] = result["lora_gradients"] = p * trained_bits
    for who in ("full_ft", "lora"):
        result[f"{who}_optimizer"] = 2 * result[f"{who}_gradients"]
        result[f"{who}_total"] = sum(v for k, v in result.items() if k.startswith(who))
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
