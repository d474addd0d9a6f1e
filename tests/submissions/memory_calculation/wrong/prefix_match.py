# mistake: unnamed
# Re.match looks at the beginning only, so float32x, int88 and float160 pass.
import re


def _bytes(precision):
    m = re.match(r"(float32|float16|bfloat16|int8|int4)", precision)
    if m is None:
        raise ValueError(precision)
    return int(re.sub(r"\D", "", m.group())) / 8


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory of full fine-tuning and of LoRA in GB."""
    b = _bytes(precision)
    if b is None:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank must not be negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio must not be negative")
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    full_w, full_g, full_o = N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9
    lora_w, lora_a, lora_g, lora_o = N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9
    full = full_w + full_g + full_o
    lora = lora_w + lora_a + lora_g + lora_o
    result = {
        "full_ft_weights": full_w,
        "full_ft_gradients": full_g,
        "full_ft_optimizer": full_o,
        "full_ft_total": full,
        "lora_weights": lora_w,
        "lora_adapters": lora_a,
        "lora_gradients": lora_g,
        "lora_optimizer": lora_o,
        "lora_total": lora,
        "memory_savings_ratio": lora / full,
    }
    return result
