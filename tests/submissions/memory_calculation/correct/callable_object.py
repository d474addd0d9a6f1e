# the name is bound to an instance with __call__, configured for d = 4096
class MemoryCalculator:
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    adam_states = 2

    def __init__(self, hidden_size=4096, gigabyte=1e9):
        self.hidden_size = hidden_size
        self.gigabyte = gigabyte

    def check(self, size, rank, ratio, precision):
        if precision not in self.bytes_per_param:
            raise ValueError(f"precision {precision!r}?")
        if size <= 0:
            raise ValueError(f"size {size}?")
        if rank < 0:
            raise ValueError(f"rank {rank}?")
        if ratio < 0:
            raise ValueError(f"ratio {ratio}?")

    def gb(self, n_bytes):
        return n_bytes / self.gigabyte

    def __call__(self, model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
        self.check(model_params_billions, lora_rank, lora_target_ratio, precision)
        n = model_params_billions * 1e9
        b = self.bytes_per_param[precision]
        t = max(b, 2)
        p = n * lora_target_ratio * 2 * lora_rank / self.hidden_size
        res = {
            "full_ft_weights": self.gb(n * b),
            "full_ft_gradients": self.gb(n * t),
            "full_ft_optimizer": self.gb(self.adam_states * n * t),
            "lora_weights": self.gb(n * b),
            "lora_adapters": self.gb(p * t),
            "lora_gradients": self.gb(p * t),
            "lora_optimizer": self.gb(self.adam_states * p * t),
        }
        for kind in ("full_ft", "lora"):
            res[kind + "_total"] = sum(v for k, v in res.items() if k.startswith(kind + "_"))
        res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
        return res


calculate_memory_requirements = MemoryCalculator()
