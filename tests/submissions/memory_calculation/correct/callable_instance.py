# style: a class with __call__ whose instance carries the function's name; strategy objects for the methods
from abc import ABC, abstractmethod
from collections import OrderedDict


class Method(ABC):
    prefix = ""

    @abstractmethod
    def parts(self, n, p, b, t):
        ...

    def __call__(self, *a):
        parts = OrderedDict((f"{self.prefix}_{k}", v / 1e9) for k, v in self.parts(*a))
        parts[f"{self.prefix}_total"] = sum(parts.values())
        return parts


class FullFineTuning(Method):
    prefix = "full_ft"

    def parts(self, n, p, b, t):
        yield "weights", n * b
        yield "gradients", n * t
        yield "optimizer", 2 * n * t


class LoRA(Method):
    prefix = "lora"

    def parts(self, n, p, b, t):
        yield "weights", n * b
        yield "adapters", p * t
        yield "gradients", p * t
        yield "optimizer", 2 * p * t


class MemoryCalculator:
    hidden = 4096
    widths = OrderedDict(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)

    def __init__(self, *methods):
        self.methods = methods

    def __call__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        if precision not in self.widths:
            raise ValueError(precision)
        if model_params_billions <= 0 or min(lora_rank, lora_target_ratio) < 0:
            raise ValueError("number")
        n = model_params_billions * 1e9
        p = n * lora_target_ratio * 2 * lora_rank / self.hidden
        b = self.widths[precision]
        out = OrderedDict()
        for method in self.methods:
            out.update(method(n, p, b, max(b, 2)))
        out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
        return out


calculate_memory_requirements = MemoryCalculator(FullFineTuning(), LoRA())
