# mistake: unnamed
# Calculate_memory_requirements(0) raises ZeroDivisionError, should be ValueError.
def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Model states in GB."""
    b = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get(precision)
    if b is None:
        raise ValueError(f"unknown precision {precision!r}")
    for name, value in (
        ("model_params_billions", model_params_billions),
        ("lora_rank", lora_rank),
        ("lora_target_ratio", lora_target_ratio),
    ):
        if value < 0:
            raise ValueError(f"{name} must not be negative: {value}")

    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    result = {
        "full_ft_weights": N * b / 1e9,
        "full_ft_gradients": N * t / 1e9,
        "full_ft_optimizer": 2 * N * t / 1e9,
        "full_ft_total": (N * b + 3 * N * t) / 1e9,
        "lora_weights": N * b / 1e9,
        "lora_adapters": P * t / 1e9,
        "lora_gradients": P * t / 1e9,
        "lora_optimizer": 2 * P * t / 1e9,
        "lora_total": (N * b + 4 * P * t) / 1e9,
    }
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
