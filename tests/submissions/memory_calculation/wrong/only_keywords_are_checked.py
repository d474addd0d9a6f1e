# mistake: unnamed
# Calculate_memory_requirements(7, -4) returns a result (lora_rank=-4 raises).
import functools

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def checked(function):
    @functools.wraps(function)
    def wrapper(model_params_billions, *args, **kwargs):
        if model_params_billions <= 0:
            raise ValueError("the model's size must be positive")
        for name in ("lora_rank", "lora_target_ratio"):
            if kwargs.get(name, 0) < 0:
                raise ValueError(f"{name} must not be negative")
        return function(model_params_billions, *args, **kwargs)

    return wrapper


@checked
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    memory = {
        "full_ft_weights": N * b / 1e9, "full_ft_gradients": N * t / 1e9, "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": N * (b + 3 * t) / 1e9,
        "lora_weights": N * b / 1e9, "lora_adapters": P * t / 1e9, "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9, "lora_total": (N * b + 4 * P * t) / 1e9,
    }
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory
