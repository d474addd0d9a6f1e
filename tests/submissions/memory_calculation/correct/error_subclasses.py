# raises subclasses of ValueError, one of them a KeyError as well
class MemoryArgumentError(ValueError):
    pass


class UnknownPrecision(MemoryArgumentError, KeyError):
    def __str__(self):
        return f"unknown precision {self.args[0]!r}"


class NotPositive(MemoryArgumentError):
    def __init__(self, name, value):
        super().__init__(name, value)
        self.name, self.value = name, value


class _Bytes(dict):
    def __missing__(self, key):
        raise UnknownPrecision(key)


BYTES = _Bytes(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = BYTES[precision]
    t = max(2, b)
    if model_params_billions <= 0:
        raise NotPositive("model_params_billions", model_params_billions)
    if lora_rank < 0:
        raise NotPositive("lora_rank", lora_rank)
    if lora_target_ratio < 0:
        raise NotPositive("lora_target_ratio", lora_target_ratio)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full = {"full_ft_weights": N * b, "full_ft_gradients": N * t, "full_ft_optimizer": 2 * N * t}
    lora = {"lora_weights": N * b, "lora_adapters": P * t, "lora_gradients": P * t, "lora_optimizer": 2 * P * t}
    full["full_ft_total"] = sum(full.values())
    lora["lora_total"] = sum(lora.values())
    out = {k: v / 1e9 for k, v in (full | lora).items()}
    out["memory_savings_ratio"] = lora["lora_total"] / full["full_ft_total"]
    return out
