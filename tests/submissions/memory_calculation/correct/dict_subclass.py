# a dict subclass with lazily added totals and its own __repr__; floats are a float subclass
class GB(float):
    """A number of gigabytes that prints itself nicely."""

    def __str__(self):
        return f"{float(self):.2f} GB"


class MemoryTable(dict):
    def add(self, key, n_bytes):
        self[key] = GB(n_bytes / 1e9)
        return self

    def total(self, key, *parts):
        self[key] = GB(sum(self[part] for part in parts))
        return self

    def __repr__(self):
        return "\n".join(f"{k:<24}{v!s:>14}" for k, v in self.items())


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bytes_per_param:
        raise ValueError("Unknown precision '{}'".format(precision))
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("Invalid sizes")
    n = model_params_billions * 1e9
    b = bytes_per_param[precision]
    t = max(b, 2)
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    table = (
        MemoryTable()
        .add("full_ft_weights", n * b)
        .add("full_ft_gradients", n * t)
        .add("full_ft_optimizer", 2 * n * t)
        .total("full_ft_total", "full_ft_weights", "full_ft_gradients", "full_ft_optimizer")
        .add("lora_weights", n * b)
        .add("lora_adapters", p * t)
        .add("lora_gradients", p * t)
        .add("lora_optimizer", 2 * p * t)
        .total("lora_total", "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer")
    )
    table["memory_savings_ratio"] = table["lora_total"] / table["full_ft_total"]
    return table
