# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["memory_savings_ratio"] is 3.99, should be 0.2508.
class Mem:
    SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    def __init__(self, n, r, ratio, precision):
        if precision not in Mem.SIZES:
            raise ValueError("precision")
        if n <= 0 or r < 0 or ratio < 0:
            raise ValueError("negative or zero")
        self.n = n * 1e9
        self.p = self.n * ratio * 2 * r / 4096
        self.b = Mem.SIZES[precision]
        self.t = max(self.b, 2)

    def full(self):
        return {"weights": self.n * self.b, "gradients": self.n * self.t, "optimizer": 2 * self.n * self.t}

    def lora(self):
        return {"weights": self.n * self.b, "adapters": self.p * self.t, "gradients": self.p * self.t,
                "optimizer": 2 * self.p * self.t}

    def result(self):
        out = {}
        totals = []
        for name, part in [("full_ft", self.full()), ("lora", self.lora())]:
            for k, v in part.items():
                out[name + "_" + k] = v / 1e9
            totals.append(sum(part.values()) / 1e9)
            out[name + "_total"] = totals[-1]
        first, second = totals
        out["memory_savings_ratio"] = first / second
        return out


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    return Mem(model_params_billions, lora_rank, lora_target_ratio, precision).result()
