# unusual: the contract's table pasted as text and evaluated line by line, in a defaultdict, with an error that is both KeyError and ValueError; a dict subclass with the ten values
from collections import defaultdict

FORMULAS = """
full_ft_weights       = N * b / 1e9
full_ft_gradients     = N * t / 1e9
full_ft_optimizer     = 2 * N * t / 1e9
full_ft_total         = full_ft_weights + full_ft_gradients + full_ft_optimizer
lora_weights          = N * b / 1e9
lora_adapters         = P * t / 1e9
lora_gradients        = P * t / 1e9
lora_optimizer        = 2 * P * t / 1e9
lora_total            = lora_weights + lora_adapters + lora_gradients + lora_optimizer
memory_savings_ratio  = lora_total / full_ft_total
"""
COMPILED = [(k.strip(), compile(f.strip(), k.strip(), "eval")) for k, f in (l.split("=") for l in FORMULAS.split("\n") if l)]


class UnknownPrecision(KeyError, ValueError):
    pass


class Precisions(dict):
    def __missing__(self, key):
        raise UnknownPrecision(key)


class OutOfRange(ArithmeticError, ValueError):
    pass


BYTES = Precisions(float32=4, float16=2, bfloat16=2, int8=1, int4=1 / 2)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = BYTES[precision]
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise OutOfRange(model_params_billions, lora_rank, lora_target_ratio)
    N = model_params_billions * 1e9
    variables = {"N": N, "b": b, "t": max(b, 2), "P": N * lora_target_ratio * 2 * lora_rank / 4096}
    result = defaultdict(float)
    for key, code in COMPILED:
        result[key] = eval(code, {"__builtins__": {}}, {**variables, **result})
    return result
