# mistake: unnamed
# Calculate_memory_requirements(7, precision="int4")["lora_weights"] is 3.9375, not 3.5.
BLOCK = 64
BYTES = {
    "float32": 4,
    "float16": 2,
    "bfloat16": 2,
    "int8": 1,
    "int4": 0.5 + 4 / BLOCK,  # a float32 scale for each block of 64, as in NF4
}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("unknown precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("bad size, rank or ratio")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    w, full_trained, lora_trained = N * b / 1e9, N * t / 1e9, P * t / 1e9
    return {
        "full_ft_weights": w, "full_ft_gradients": full_trained, "full_ft_optimizer": 2 * full_trained,
        "full_ft_total": w + 3 * full_trained,
        "lora_weights": w, "lora_adapters": lora_trained, "lora_gradients": lora_trained,
        "lora_optimizer": 2 * lora_trained, "lora_total": w + 4 * lora_trained,
        "memory_savings_ratio": (w + 4 * lora_trained) / (w + 3 * full_trained),
    }
