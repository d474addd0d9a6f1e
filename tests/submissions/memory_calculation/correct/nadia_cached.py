# who: Nadia, performance-minded, caches things that need no caching; unusual: lru_cache inside with a fresh copy for each caller, lazy cached_property, getattr over the keys
from functools import cached_property, lru_cache

KEYS = [
    "full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total", "lora_weights",
    "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total", "memory_savings_ratio",
]


class _Estimate:
    WIDTHS = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    def __init__(self, n, r, ratio, precision):
        if precision not in self.WIDTHS:
            raise ValueError(f"precision {precision!r} is not supported")
        if n <= 0:
            raise ValueError("model size must be positive")
        if r < 0:
            raise ValueError("rank must not be negative")
        if ratio < 0:
            raise ValueError("ratio must not be negative")
        self.n, self.r, self.ratio = n, r, ratio
        self.b = self.WIDTHS[precision]

    @cached_property
    def t(self):
        return max(self.b, 2)

    @cached_property
    def p(self):
        return self.n * self.ratio * 2 * self.r / 4096

    @cached_property
    def full_ft_weights(self):
        return self.n * self.b

    lora_weights = full_ft_weights_alias = property(lambda self: self.full_ft_weights)

    @cached_property
    def full_ft_gradients(self):
        return self.n * self.t

    @cached_property
    def full_ft_optimizer(self):
        return 2 * self.full_ft_gradients

    @cached_property
    def full_ft_total(self):
        return self.full_ft_weights + self.full_ft_gradients + self.full_ft_optimizer

    @cached_property
    def lora_adapters(self):
        return self.p * self.t

    lora_gradients = property(lambda self: self.lora_adapters)
    lora_optimizer = property(lambda self: 2 * self.lora_adapters)

    @cached_property
    def lora_total(self):
        return self.lora_weights + self.lora_adapters + self.lora_gradients + self.lora_optimizer

    @cached_property
    def memory_savings_ratio(self):
        return self.lora_total / self.full_ft_total


@lru_cache(maxsize=1024)
def _estimate(n, r, ratio, precision):
    e = _Estimate(n, r, ratio, precision)
    return tuple((k, float(getattr(e, k))) for k in KEYS)


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    return dict(_estimate(float(model_params_billions), lora_rank, float(lora_target_ratio), precision))
