# memoised: the decorated object is no plain function, and equal calls give the same dictionary
from functools import lru_cache


@lru_cache(maxsize=None)
def _width(precision):
    if precision in ("float16", "bfloat16"):
        return 2
    elif precision == "float32":
        return 4
    elif precision == "int8":
        return 1
    elif precision == "int4":
        return 0.5
    else:
        raise ValueError("unknown precision")


@lru_cache(maxsize=128)
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    """
    Memory for full fine-tuning and for LoRA.

    Returns a dictionary with the ten keys, in GB (1e9 bytes).
    """
    if model_params_billions <= 0:
        raise ValueError("model size must be > 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank/ratio must be >= 0")
    b = _width(precision)
    t = max(b, 2)
    n = model_params_billions * 1_000_000_000
    p = n * lora_target_ratio * (2 * 4096 * lora_rank) / (4096 * 4096)
    full_ft_weights = n * b / 1e9
    full_ft_gradients = n * t / 1e9
    full_ft_optimizer = n * t * 2 / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    lora_weights = n * b / 1e9
    lora_adapters = p * t / 1e9
    lora_gradients = p * t / 1e9
    lora_optimizer = p * t * 2 / 1e9
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    memory_savings_ratio = lora_total / full_ft_total
    values = dict(locals())
    for unwanted in ("b", "t", "n", "p", "model_params_billions", "lora_rank", "lora_target_ratio", "precision"):
        values.pop(unwanted)
    return values
