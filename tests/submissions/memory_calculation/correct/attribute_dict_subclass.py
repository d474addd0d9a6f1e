# style: dict subclass with attribute access, own repr and own __missing__
class Memory(dict):
    """m.lora_total and m["lora_total"] are the same."""

    def __getattr__(self, name):
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __missing__(self, key):
        raise KeyError(f"no such figure: {key}; there are {', '.join(self)}")

    def __repr__(self):
        return "\n".join(f"{k:>22} {v:10.3f}" for k, v in self.items())

    def add(self, prefix, **parts):
        for k, v in parts.items():
            self[f"{prefix}_{k}"] = v / 1e9
        self[f"{prefix}_total"] = sum(self[f"{prefix}_{k}"] for k in parts)
        return self


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1,
                                  precision: str = "float32") -> Memory:
    b = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get(precision, 0)
    if not b:
        raise ValueError(f"unknown precision {precision}")
    if model_params_billions <= 0:
        raise ValueError("a model has parameters")
    for name, value in dict(lora_rank=lora_rank, lora_target_ratio=lora_target_ratio).items():
        if value < 0:
            raise ValueError(f"{name} is negative: {value}")
    N, t = model_params_billions * 1e9, max(2, b)
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    m = Memory()
    m.add("lora", weights=N * b, adapters=P * t, gradients=P * t, optimizer=2 * P * t)
    m.add("full_ft", weights=N * b, gradients=N * t, optimizer=2 * N * t)
    m["memory_savings_ratio"] = m.lora_total / m.full_ft_total
    return m
