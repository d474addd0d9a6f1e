# style: generous: upper case, fp16/bf16 aliases, torch dtypes and None are understood
import torch

_ALIASES = {
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
    text = str(precision).removeprefix("torch.").lower().replace("-", "").replace("_", "")
    if text not in _ALIASES:
        raise ValueError(f"Precision {precision!r} is not supported; use one of {', '.join(_BYTES)}")
    return _ALIASES[text]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = _BYTES[_canonical(precision)]
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank must be >= 0")
    if not 0 <= lora_target_ratio <= 1:
        raise ValueError("lora_target_ratio must lie in [0, 1]")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_w, full_g, full_o = N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9
    l_w, l_a, l_g, l_o = N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9
    full, lora = full_w + full_g + full_o, l_w + l_a + l_g + l_o
    return {"full_ft_weights": full_w, "full_ft_gradients": full_g, "full_ft_optimizer": full_o, "full_ft_total": full,
            "lora_weights": l_w, "lora_adapters": l_a, "lora_gradients": l_g, "lora_optimizer": l_o, "lora_total": lora,
            "memory_savings_ratio": lora / full}


if __name__ == "__main__":
    print(calculate_memory_requirements(7, precision=torch.float16))
