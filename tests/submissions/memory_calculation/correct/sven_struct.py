# who: Sven, systems programmer; unusual: sizes from struct.calcsize, namedtuples and _asdict, np.float32 for all values, raises for rank 0 and for ratio above 1 too
import struct
from collections import namedtuple

import numpy as np

FullFT = namedtuple("FullFT", "full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total")
Lora = namedtuple("Lora", "lora_weights lora_adapters lora_gradients lora_optimizer lora_total")

_HALF = struct.calcsize("=e")
_FORMATS = {"float32": "=f", "float16": "=e", "bfloat16": "=H", "int8": "=b"}


def _width(precision):
    if precision == "int4":
        return struct.calcsize("=b") / 2
    if precision in _FORMATS:
        return struct.calcsize(_FORMATS[precision])
    raise ValueError("unknown precision %r" % (precision,))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    width = _width(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 1:
        raise ValueError("lora_rank must be at least 1")
    if lora_target_ratio < 0 or lora_target_ratio > 1:
        raise ValueError("lora_target_ratio must be in [0, 1]")

    train_width = width if width >= _HALF else _HALF
    base = model_params_billions * width
    full_state = model_params_billions * train_width
    adapter = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096 * train_width

    full = FullFT(base, full_state, 2 * full_state, base + 3 * full_state)
    lora = Lora(base, adapter, adapter, 2 * adapter, base + 4 * adapter)
    merged = {**full._asdict(), **lora._asdict()}
    merged["memory_savings_ratio"] = lora.lora_total / full.full_ft_total
    return {k: np.float32(v) for k, v in merged.items()}
