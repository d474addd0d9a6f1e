# unusual: calculate_memory_requirements is an instance with __call__ and __slots__, not a function
class _Calculator:
    """Calculates the memory; `d` and `bytes_` are its only state and never change."""

    __slots__ = ("d", "bytes_")

    def __init__(self, d=4096):
        self.d = d
        self.bytes_ = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}

    def __call__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        self._check(model_params_billions, lora_rank, lora_target_ratio, precision)
        b = self.bytes_[precision]
        t = max(b, 2.0)
        full = self._full(model_params_billions, b, t)
        lora = self._lora(model_params_billions, b, t, self._adapters(model_params_billions, lora_rank, lora_target_ratio))
        return {**full, **lora, "memory_savings_ratio": lora["lora_total"] / full["full_ft_total"]}

    def _check(self, n, r, s, precision):
        if precision not in self.bytes_:
            raise ValueError("precision: " + str(precision))
        if n <= 0 or r < 0 or s < 0:
            raise ValueError("size, rank, ratio: %r, %r, %r" % (n, r, s))

    def _adapters(self, n, r, s):
        layers = n * s / self.d**2  # a real number of d x d weights, in billions
        return layers * 2 * self.d * r

    @staticmethod
    def _full(n, b, t):
        w, g, o = n * b, n * t, 2 * n * t
        return {"full_ft_weights": w, "full_ft_gradients": g, "full_ft_optimizer": o, "full_ft_total": w + g + o}

    @staticmethod
    def _lora(n, b, t, p):
        w, a, g, o = n * b, p * t, p * t, 2 * p * t
        return {"lora_weights": w, "lora_adapters": a, "lora_gradients": g, "lora_optimizer": o, "lora_total": w + a + g + o}


calculate_memory_requirements = _Calculator()
