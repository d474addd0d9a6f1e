# mistake: unnamed
# F(7, precision="float64") twice: the second call returns the result of the precision before.
class _State:
    """Looks the bytes up only when the precision changes."""

    table = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    def __init__(self):
        self.precision, self.b = "float32", 4

    def bytes_for(self, precision):
        if precision != self.precision:
            self.precision = precision
            try:
                self.b = self.table[precision]
            except KeyError:
                raise ValueError(f"unknown precision {precision!r}") from None
        return self.b


_state = _State()


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = _state.bytes_for(precision)
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t}
    lora = {"lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t}
    F, L = sum(full.values()), sum(lora.values())
    return {**full, "full_ft_total": F, **lora, "lora_total": L, "memory_savings_ratio": L / F}
