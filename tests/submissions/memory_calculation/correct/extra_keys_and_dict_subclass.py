# extra keys and dict subclass
class Memory(dict):
    """A dict with a nicer print."""

    def __str__(self):
        return "\n".join(f"{k:24}{v:12.4f}" for k, v in self.items())

    def add(self, prefix, **parts):
        for k, v in parts.items():
            self[f"{prefix}_{k}"] = v
        self[f"{prefix}_total"] = sum(parts.values())


class BadInput(ValueError):
    pass


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    table = {"float32": (4, 4), "float16": (2, 2), "bfloat16": (2, 2), "int8": (1, 2), "int4": (0.5, 2)}
    if precision not in table:
        raise BadInput(precision)
    if model_params_billions <= 0:
        raise BadInput("model")
    if lora_rank < 0:
        raise BadInput("rank")
    if lora_target_ratio < 0:
        raise BadInput("ratio")
    b, t = table[precision]
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    m = Memory(precision=b, adapter_params=p * 1e9)
    m.add("full_ft", weights=n * b, gradients=n * t, optimizer=2 * n * t)
    m.add("lora", weights=n * b, adapters=p * t, gradients=p * t, optimizer=2 * p * t)
    m["memory_savings_ratio"] = m["lora_total"] / m["full_ft_total"]
    m["saved_percent"] = 100 * (1 - m["memory_savings_ratio"])
    return m
