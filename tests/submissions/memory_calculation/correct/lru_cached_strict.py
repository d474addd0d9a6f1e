# unusual: results are cached by lru_cache, and a rank or ratio of zero, a ratio above 1 and infinite or NaN sizes raise too; the contract does not grade those
import functools
import math

BYTES = (("float32", 4.0), ("float16", 2.0), ("bfloat16", 2.0), ("int8", 1.0), ("int4", 0.5))


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    return _cached(float(model_params_billions), int(lora_rank), float(lora_target_ratio), precision).copy()


@functools.lru_cache(maxsize=None)
def _cached(billions, rank, ratio, precision):
    if not math.isfinite(billions) or billions <= 0:
        raise ValueError(f"model_params_billions must be positive and finite, got {billions}")
    if rank <= 0:
        raise ValueError(f"lora_rank must be at least 1, got {rank}")
    if not 0 < ratio <= 1:
        raise ValueError(f"lora_target_ratio must be in (0, 1], got {ratio}")
    b = _bytes(precision)
    t = _trainable_bytes(precision)
    w, g, o = billions * b, billions * t, billions * t * 2
    p = billions * ratio * rank / 2048
    a, ag, ao = p * t, p * t, p * t * 2
    return {
        "full_ft_weights": w,
        "full_ft_gradients": g,
        "full_ft_optimizer": o,
        "full_ft_total": math.fsum((w, g, o)),
        "lora_weights": w,
        "lora_adapters": a,
        "lora_gradients": ag,
        "lora_optimizer": ao,
        "lora_total": math.fsum((w, a, ag, ao)),
        "memory_savings_ratio": math.fsum((w, a, ag, ao)) / math.fsum((w, g, o)),
    }


@functools.cache
def _bytes(precision):
    for name, size in BYTES:
        if name == precision:
            return size
    raise ValueError(f"no such precision: {precision}")


@functools.cache
def _trainable_bytes(precision):
    return max(2.0, _bytes(precision))
