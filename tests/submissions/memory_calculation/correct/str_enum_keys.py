# style: keys are members of a str Enum (equal to the plain strings, same hash)
from enum import Enum


class Key(str, Enum):
    FW = "full_ft_weights"
    FG = "full_ft_gradients"
    FO = "full_ft_optimizer"
    FT = "full_ft_total"
    LW = "lora_weights"
    LA = "lora_adapters"
    LG = "lora_gradients"
    LO = "lora_optimizer"
    LT = "lora_total"
    RATIO = "memory_savings_ratio"


class Precision(Enum):
    float32 = 32
    float16 = 16
    bfloat16 = "16 too"      # its own value, or Enum would make it an alias
    int8 = 8
    int4 = 4

    @property
    def bytes(self):
        return 2.0 if self is Precision.bfloat16 else self.value / 8


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in Precision.__members__:
        raise ValueError(f"{precision} is none of {list(Precision.__members__)}")
    if not (model_params_billions > 0 and lora_rank >= 0 and lora_target_ratio >= 0):
        raise ValueError("sizes")
    b = Precision[precision].bytes
    t = b if b >= 2 else 2
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * (2 * lora_rank / 4096)
    d = {Key.FW: N * b / 1e9, Key.FG: N * t / 1e9, Key.FO: N * 2 * t / 1e9}
    d[Key.FT] = sum(d.values())
    e = {Key.LW: N * b / 1e9, Key.LA: P * t / 1e9, Key.LG: P * t / 1e9, Key.LO: P * 2 * t / 1e9}
    e[Key.LT] = sum(e.values())
    return {**d, **e, Key.RATIO: e[Key.LT] / d[Key.FT]}
