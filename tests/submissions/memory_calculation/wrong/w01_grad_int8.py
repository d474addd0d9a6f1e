# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8")["full_ft_gradients"] is 7, should be 14.
"""Exercise 3. Everything is stored in the precision that the user asks for."""


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bytes_per_param:
        raise ValueError(f"Unknown precision: {precision}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("Invalid parameters")

    bpp = bytes_per_param[precision]
    total_params = model_params_billions * 1e9
    lora_params = total_params * lora_target_ratio * 2 * lora_rank / 4096

    # Full fine-tuning
    full_ft_weights = total_params * bpp / 1e9
    full_ft_gradients = full_ft_weights
    full_ft_optimizer = 2 * full_ft_weights
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    # LoRA
    lora_weights = full_ft_weights
    lora_adapters = lora_params * bpp / 1e9
    lora_gradients = lora_adapters
    lora_optimizer = 2 * lora_adapters
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer

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
    }
