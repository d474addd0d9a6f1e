# also takes upper case, fp16, torch.float16 and None, which the task leaves open
import re

_CANON = {
    "float32": "float32", "fp32": "float32",
    "float16": "float16", "fp16": "float16",
    "bfloat16": "bfloat16", "bf16": "bfloat16",
    "int8": "int8",
    "int4": "int4",
}
_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _canonical(precision):
    if precision is None:
        return "float32"
    text = re.sub(r"^torch\.", "", str(precision).strip().lower())
    if text not in _CANON:
        raise ValueError(f"cannot interpret precision {precision!r}")
    return _CANON[text]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = _BYTES[_canonical(precision)]
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative argument")
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full_total = n * b + n * t + 2 * n * t
    lora_total = n * b + p * t + p * t + 2 * p * t
    return {
        "full_ft_weights": n * b,
        "full_ft_gradients": n * t,
        "full_ft_optimizer": 2 * n * t,
        "full_ft_total": full_total,
        "lora_weights": n * b,
        "lora_adapters": p * t,
        "lora_gradients": p * t,
        "lora_optimizer": 2 * p * t,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_total,
    }
