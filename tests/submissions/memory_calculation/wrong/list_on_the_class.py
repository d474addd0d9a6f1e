# mistake: unnamed
# The LoRA parts are collected in a class attribute that is never emptied, lora_total grows with every call.
class LoraMemory:
    parts = []

    def __init__(self, weights, adapters):
        self.weights = weights
        self.adapters = adapters
        self.parts.extend([weights, adapters, adapters, 2 * adapters])

    @property
    def total(self):
        return sum(self.parts)


class FullMemory:
    def __init__(self, weights, trained):
        self.weights = weights
        self.gradients = trained
        self.optimizer = 2 * trained

    @property
    def total(self):
        return self.weights + self.gradients + self.optimizer


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    widths = {"float32": (4, 4), "float16": (2, 2), "bfloat16": (2, 2), "int8": (1, 2), "int4": (0.5, 2)}
    if precision not in widths:
        raise ValueError(f"precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must be >= 0")
    b, t = widths[precision]
    p = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096
    full = FullMemory(model_params_billions * b, model_params_billions * t)
    lora = LoraMemory(model_params_billions * b, p * t)
    return {
        "full_ft_weights": full.weights,
        "full_ft_gradients": full.gradients,
        "full_ft_optimizer": full.optimizer,
        "full_ft_total": full.total,
        "lora_weights": lora.weights,
        "lora_adapters": lora.adapters,
        "lora_gradients": lora.adapters,
        "lora_optimizer": 2 * lora.adapters,
        "lora_total": lora.total,
        "memory_savings_ratio": lora.total / full.total,
    }
