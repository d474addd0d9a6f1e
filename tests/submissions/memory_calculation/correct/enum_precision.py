# the ValueError for an unknown precision is the one that Enum raises itself
from enum import Enum


class Precision(Enum):
    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    INT8 = "int8"
    INT4 = "int4"

    @property
    def bytes(self) -> float:
        return {"FLOAT32": 4.0, "FLOAT16": 2.0, "BFLOAT16": 2.0, "INT8": 1.0, "INT4": 0.5}[self.name]

    @property
    def train_bytes(self) -> float:
        # integers can't be trained: at least 16 bit
        return self.bytes if self.bytes >= 2 else 2.0


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    prec = Precision(precision)
    if model_params_billions <= 0:
        raise ValueError("model size")
    if lora_rank < 0:
        raise ValueError("rank")
    if lora_target_ratio < 0:
        raise ValueError("ratio")
    n = 1e9 * model_params_billions
    p = n * lora_target_ratio * (2 * lora_rank) / 4096
    out = {}
    for prefix, trained in (("full_ft", n), ("lora", p)):
        out[prefix + "_weights"] = n * prec.bytes / 1e9
        if prefix == "lora":
            out["lora_adapters"] = p * prec.train_bytes / 1e9
        out[prefix + "_gradients"] = trained * prec.train_bytes / 1e9
        out[prefix + "_optimizer"] = 2 * trained * prec.train_bytes / 1e9
        out[prefix + "_total"] = sum(v for k, v in out.items() if k.startswith(prefix))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
