# a lambda bound to the name, with a helper that raises as an expression
from functools import reduce
from operator import add

_bytes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": .5}


def _fail(message):
    raise ValueError(message)


_build = lambda n, p, b, t: (lambda full, lora: {
    **{"full_ft_" + k: v for k, v in full.items()}, "full_ft_total": reduce(add, full.values()),
    **{"lora_" + k: v for k, v in lora.items()}, "lora_total": reduce(add, lora.values()),
    "memory_savings_ratio": reduce(add, lora.values()) / reduce(add, full.values()),
})({"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t},
   {"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t})

calculate_memory_requirements = lambda model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32": (
    _fail("precision") if precision not in _bytes else
    _fail("size") if model_params_billions <= 0 else
    _fail("rank") if lora_rank < 0 else
    _fail("ratio") if lora_target_ratio < 0 else
    _build(model_params_billions, model_params_billions * lora_target_ratio * lora_rank / 2048,
           _bytes[precision], max(2, _bytes[precision]))
)
