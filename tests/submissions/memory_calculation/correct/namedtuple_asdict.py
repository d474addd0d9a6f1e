# style: NamedTuple rows, result through _asdict, mixed int and float values
from typing import NamedTuple


class Mem(NamedTuple):
    full_ft_weights: float
    full_ft_gradients: float
    full_ft_optimizer: float
    full_ft_total: float
    lora_weights: float
    lora_adapters: float
    lora_gradients: float
    lora_optimizer: float
    lora_total: float
    memory_savings_ratio: float


class W(NamedTuple):
    store: float
    train: int


TABLE = {"float32": W(4, 4), "float16": W(2, 2), "bfloat16": W(2, 2), "int8": W(1, 2), "int4": W(.5, 2)}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    w = TABLE.get(precision)
    if w is None:
        raise ValueError("bad precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("bad number")
    B = model_params_billions
    share = lora_target_ratio * lora_rank / 2048
    full = B * (w.store + 3 * w.train)
    lora = B * (w.store + 4 * w.train * share)
    # an int stays an int: 7 * 4 == 28
    return Mem(B * w.store, B * w.train, 2 * B * w.train, full,
               B * w.store, B * w.train * share, B * w.train * share, 2 * B * w.train * share, lora,
               lora / full)._asdict()
