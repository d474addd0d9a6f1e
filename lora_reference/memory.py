"""How much memory the weights, gradients and optimizer states of a training take."""

__all__ = ["calculate_memory_requirements"]

BYTES_PER_PARAMETER = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
D = 4096  # the width of the weights that are adapted, as in a 7B model
GB = 1e9


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Memory of full fine-tuning and of LoRA with Adam, in GB of 1e9 bytes; activations are not counted.

        N = model_params_billions * 1e9                    parameters of the model
        P = N * lora_target_ratio * 2 * lora_rank / D      parameters of the adapters: 2 D r for each D * D weight
        b = bytes per parameter at `precision`
        t = max(b, 2)                                      bytes of what is trained: integers cannot be

        full fine-tuning:  weights N b                gradients N t    optimizer 2 N t
        LoRA:              weights N b, adapters P t, gradients P t,   optimizer 2 P t

    The keys are `full_ft_` and `lora_` with `weights`, `adapters` (LoRA alone), `gradients`, `optimizer`, `total`,
    and `memory_savings_ratio` = lora_total / full_ft_total, a plain ratio. Nothing is rounded.

    Adam keeps two moments for each trained parameter, all in the trained precision ("pure" training; mixed
    precision keeps float32 copies besides, ZeRO, arXiv 1910.02054, section 3.1). Adapter sizes: LoRA,
    arXiv 2106.09685, section 4.2.

    Raises ValueError for an unknown precision, a size that is not positive, a negative rank or ratio.
    """
    if precision not in BYTES_PER_PARAMETER:
        raise ValueError(f"precision = {precision!r}, should be one of {', '.join(BYTES_PER_PARAMETER)}")
    if not model_params_billions > 0:
        raise ValueError(f"model_params_billions = {model_params_billions}, should be positive")
    if lora_rank < 0:
        raise ValueError(f"lora_rank = {lora_rank}, should not be negative")
    if lora_target_ratio < 0:
        raise ValueError(f"lora_target_ratio = {lora_target_ratio}, should not be negative")

    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / D
    b = BYTES_PER_PARAMETER[precision]
    t = max(b, 2.0)
    full = {"weights": N * b / GB, "gradients": N * t / GB, "optimizer": 2 * N * t / GB}
    lora = {
        "weights": N * b / GB,
        "adapters": P * t / GB,
        "gradients": P * t / GB,
        "optimizer": 2 * P * t / GB,
    }
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())
    return {
        **{f"full_ft_{part}": value for part, value in full.items()},
        **{f"lora_{part}": value for part, value in lora.items()},
        "memory_savings_ratio": lora["total"] / full["total"],
    }
