# style: pydantic-like, all problems gathered in an exception that is an ExceptionGroup and a ValueError
class Problems(ExceptionGroup, ValueError):
    pass


def _no(*messages):
    raise Problems("invalid arguments", [ValueError(m) for m in messages])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    bad = [name for name, wrong in (("precision", precision not in sizes), ("size", model_params_billions <= 0),
                                    ("rank", lora_rank < 0), ("ratio", lora_target_ratio < 0)) if wrong]
    if bad:
        _no(*bad)
    b, t, n = sizes[precision], max(sizes[precision], 2), model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = n * b + 3 * n * t, n * b + 4 * p * t
    return {"full_ft_weights": n * b, "full_ft_gradients": n * t, "full_ft_optimizer": 2 * n * t, "full_ft_total": full,
            "lora_weights": n * b, "lora_adapters": p * t, "lora_gradients": p * t, "lora_optimizer": 2 * p * t,
            "lora_total": lora, "memory_savings_ratio": lora / full}
