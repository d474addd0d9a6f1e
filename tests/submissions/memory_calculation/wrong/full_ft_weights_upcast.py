# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["full_ft_weights"] is 14, not 7.
class MemoryCalculator:
    BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    def __init__(self, n, precision):
        if precision not in self.BYTES:
            raise ValueError(f"unknown precision {precision}")
        if n <= 0:
            raise ValueError("model size must be positive")
        self.n, self.b = n, self.BYTES[precision]
        self.t = max(self.b, 2)

    def full(self):
        # integers cannot be trained: the weights are trained, so they are kept in t bytes
        w, g, o = self.n * self.t, self.n * self.t, 2 * self.n * self.t
        return {"full_ft_weights": w, "full_ft_gradients": g, "full_ft_optimizer": o, "full_ft_total": w + g + o}

    def lora(self, rank, ratio):
        if rank < 0 or ratio < 0:
            raise ValueError("rank and ratio must not be negative")
        p = self.n * ratio * 2 * rank / 4096
        w, a, g, o = self.n * self.b, p * self.t, p * self.t, 2 * p * self.t
        return {"lora_weights": w, "lora_adapters": a, "lora_gradients": g, "lora_optimizer": o, "lora_total": w + a + g + o}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    calc = MemoryCalculator(model_params_billions, precision)
    res = {**calc.full(), **calc.lora(lora_rank, lora_target_ratio)}
    res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
    return res
