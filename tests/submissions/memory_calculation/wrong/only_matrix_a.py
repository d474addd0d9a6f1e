# mistake: adapter-one-matrix
# A d x d weight gains d * r parameters (matrix A only), so P is half.
class MemoryCalculator:
    """Callable, so that the hidden size can be set once."""

    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

    def __init__(self, hidden=4096, moments=2):
        self.hidden = hidden
        self.moments = moments

    def validate(self, size, rank, ratio, precision):
        if precision not in self.bytes_per_param:
            raise ValueError(f"precision must be one of {sorted(self.bytes_per_param)}")
        if size <= 0:
            raise ValueError("size must be > 0")
        if rank < 0:
            raise ValueError("rank must be >= 0")
        if ratio < 0:
            raise ValueError("ratio must be >= 0")

    def adapters(self, n, rank, ratio):
        return n * ratio * (rank * self.hidden) / self.hidden**2

    def gb(self, n, width):
        return n * width / 1e9

    def __call__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        self.validate(model_params_billions, lora_rank, lora_target_ratio, precision)
        n = model_params_billions * 1e9
        p = self.adapters(n, lora_rank, lora_target_ratio)
        b = self.bytes_per_param[precision]
        t = max(b, 2)

        full = [self.gb(n, b), self.gb(n, t), self.gb(self.moments * n, t)]
        lora = [self.gb(n, b), self.gb(p, t), self.gb(p, t), self.gb(self.moments * p, t)]
        names_full = ["weights", "gradients", "optimizer"]
        names_lora = ["weights", "adapters", "gradients", "optimizer"]

        out = {}
        for name, value in zip(names_full, full):
            out[f"full_ft_{name}"] = value
        out["full_ft_total"] = sum(full)
        for name, value in zip(names_lora, lora):
            out[f"lora_{name}"] = value
        out["lora_total"] = sum(lora)
        out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
        return out


calculate_memory_requirements = MemoryCalculator()
