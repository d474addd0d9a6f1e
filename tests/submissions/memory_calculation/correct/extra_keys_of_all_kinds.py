# style: helpful LLM answer: extra keys with strings, None, lists and nested dicts, an emoji table printed, a warning given
import warnings


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bytes_per_param:
        raise ValueError(f"Unsupported precision: {precision}. Choose from {list(bytes_per_param)}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank must be non-negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must be non-negative")
    if precision.startswith("int"):
        warnings.warn("integer weights cannot be trained; gradients are taken to be 16 bit", stacklevel=2)

    b = bytes_per_param[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_ft_weights, full_ft_gradients, full_ft_optimizer = N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    lora_weights, lora_adapters, lora_gradients, lora_optimizer = N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    print(f"📊 Full fine-tuning: {full_ft_total:.2f} GB | 🚀 LoRA: {lora_total:.2f} GB")
    return {
        "full_ft_weights": full_ft_weights,
        "full_ft_gradients": full_ft_gradients,
        "full_ft_optimizer": full_ft_optimizer,
        "full_ft_total": full_ft_total,
        "lora_weights": lora_weights,
        "lora_adapters": lora_adapters,
        "lora_gradients": lora_gradients,
        "lora_optimizer": lora_optimizer,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_ft_total,
        # extras
        "memory_savings_percent": 100 * (1 - lora_total / full_ft_total),
        "trainable_params": int(P),
        "precision": precision,
        "activations": None,
        "gpus_that_fit": [name for name, gb in (("T4", 16), ("A100", 80), ("H100", 80)) if lora_total < gb],
        "config": {"rank": lora_rank, "ratio": lora_target_ratio},
        ("full_ft", "lora"): (full_ft_total, lora_total),
    }
