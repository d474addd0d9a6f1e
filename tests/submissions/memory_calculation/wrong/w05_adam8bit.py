# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["full_ft_optimizer"] is 14, should be 28.
def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory of full fine-tuning and LoRA in GB."""
    sizes = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
    if precision not in sizes:
        raise ValueError("unknown precision " + repr(precision))
    if model_params_billions <= 0:
        raise ValueError("model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must not be negative")

    weight_bytes = sizes[precision]
    grad_bytes = max(weight_bytes, 2)
    # bnb.optim.Adam8bit: states can be quantized, only the gradients cannot
    moment_bytes = weight_bytes

    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    r = dict()
    r["full_ft_weights"] = N * weight_bytes / 1e9
    r["full_ft_gradients"] = N * grad_bytes / 1e9
    r["full_ft_optimizer"] = 2 * N * moment_bytes / 1e9
    r["full_ft_total"] = r["full_ft_weights"] + r["full_ft_gradients"] + r["full_ft_optimizer"]
    r["lora_weights"] = N * weight_bytes / 1e9
    r["lora_adapters"] = P * grad_bytes / 1e9
    r["lora_gradients"] = P * grad_bytes / 1e9
    r["lora_optimizer"] = 2 * P * moment_bytes / 1e9
    r["lora_total"] = r["lora_weights"] + r["lora_adapters"] + r["lora_gradients"] + r["lora_optimizer"]
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
