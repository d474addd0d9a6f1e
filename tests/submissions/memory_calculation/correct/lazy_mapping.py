# a Mapping of its own that works each value out when it is asked for, from rules by name
from collections.abc import Mapping

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
RULES = {
    "full_ft_weights": lambda m: m.n * m.b,
    "full_ft_gradients": lambda m: m.n * m.t,
    "full_ft_optimizer": lambda m: 2 * m.n * m.t,
    "full_ft_total": lambda m: m["full_ft_weights"] + m["full_ft_gradients"] + m["full_ft_optimizer"],
    "lora_weights": lambda m: m.n * m.b,
    "lora_adapters": lambda m: m.p * m.t,
    "lora_gradients": lambda m: m.p * m.t,
    "lora_optimizer": lambda m: 2 * m.p * m.t,
    "lora_total": lambda m: m["lora_weights"] + m["lora_adapters"] + m["lora_gradients"] + m["lora_optimizer"],
    "memory_savings_ratio": lambda m: m["lora_total"] / m["full_ft_total"],
}


class Memory(Mapping):
    def __init__(self, n, p, b):
        self.n, self.p, self.b, self.t = n, p, b, max(b, 2)

    def __getitem__(self, key):
        return RULES[key](self)

    def __iter__(self):
        return iter(RULES)

    def __len__(self):
        return len(RULES)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        b = BYTES[precision]
    except KeyError:
        raise ValueError(precision) from None
    if not model_params_billions > 0 or min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("sizes")
    return Memory(model_params_billions, model_params_billions * lora_target_ratio * lora_rank / 2048, b)
