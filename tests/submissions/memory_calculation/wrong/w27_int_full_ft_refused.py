# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["full_ft_total"] is inf, should be 49.
import math


class Strategy:
    registry = {}

    def __init_subclass__(cls, prefix, **kw):
        super().__init_subclass__(**kw)
        Strategy.registry[prefix] = cls

    def __init__(self, n, p, b):
        self.n, self.p, self.b = n, p, b

    @property
    def t(self):
        return max(self.b, 2)


class FullFineTuning(Strategy, prefix="full_ft"):
    def parts(self):
        yield "weights", self.n * self.b
        if self.b >= 2:
            yield "gradients", self.n * self.t
            yield "optimizer", 2 * self.n * self.t
        else:  # integers cannot be trained: only QLoRA is possible here
            yield "gradients", math.inf
            yield "optimizer", math.inf


class Lora(Strategy, prefix="lora"):
    def parts(self):
        yield "weights", self.n * self.b
        yield "adapters", self.p * self.t
        yield "gradients", self.p * self.t
        yield "optimizer", 2 * self.p * self.t


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    widths = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in widths:
        raise ValueError(f"unknown precision: {precision}")
    if model_params_billions <= 0 or min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("arguments out of range")
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    out = {}
    for prefix, cls in Strategy.registry.items():
        parts = dict(cls(n, p, widths[precision]).parts())
        out.update({f"{prefix}_{k}": v for k, v in parts.items()})
        out[f"{prefix}_total"] = sum(parts.values())
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
