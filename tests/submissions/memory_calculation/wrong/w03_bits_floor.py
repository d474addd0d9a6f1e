# mistake: unnamed
# Calculate_memory_requirements(7, precision="int4")["lora_weights"] is 7, should be 3.5.
class DType:
    def __init__(self, name, bits):
        self.name = name
        self.bits = bits

    @property
    def itemsize(self):
        return max(1, self.bits // 8)

    @property
    def grad_itemsize(self):
        return max(self.itemsize, 2)


class DTypeRegistry(dict):
    def __missing__(self, key):
        raise ValueError(f"dtype {key} is not registered")

    def register(self, name, bits):
        self[name] = DType(name, bits)
        return self


REGISTRY = (
    DTypeRegistry()
    .register("float32", 32)
    .register("float16", 16)
    .register("bfloat16", 16)
    .register("int8", 8)
    .register("int4", 4)
)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    dt = REGISTRY[precision]
    if not model_params_billions > 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0:
        raise ValueError("lora_rank must be >= 0")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must be >= 0")
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    out = {}
    out["full_ft_weights"] = n * dt.itemsize
    out["full_ft_gradients"] = n * dt.grad_itemsize
    out["full_ft_optimizer"] = n * dt.grad_itemsize * 2
    out["full_ft_total"] = sum(out.values())
    out["lora_weights"] = n * dt.itemsize
    out["lora_adapters"] = p * dt.grad_itemsize
    out["lora_gradients"] = p * dt.grad_itemsize
    out["lora_optimizer"] = p * dt.grad_itemsize * 2
    out["lora_total"] = sum(v for k, v in out.items() if k.startswith("lora_"))
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
