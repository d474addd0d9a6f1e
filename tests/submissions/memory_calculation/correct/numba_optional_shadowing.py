# style: numba's njit if there is one (there is not); own names shadow sum, max, dict, float and torch
try:
    from numba import njit
except ImportError:
    def njit(f):
        return f

float = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}
torch = 1e9
dict = 4096


@njit
def sum(*numbers):
    total = 0.0
    for number in numbers:
        total += number
    return total


@njit
def max(a, b):
    return a if a > b else b


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in float or model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError
    b = float[precision] / 8
    t = max(b, 2.0)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / dict
    whole, lora = sum(n * b, n * t, 2 * n * t), sum(n * b, p * t, p * t, 2 * p * t)
    return {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": whole,
            "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
            "lora_total": lora, "memory_savings_ratio": lora / whole}
