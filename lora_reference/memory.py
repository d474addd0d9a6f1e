"""How much memory the weights, gradients and optimizer states of a training take."""

from typing import Literal

__all__ = ["Convention", "calculate_memory_requirements"]

Convention = Literal["pure", "mixed-16", "mixed-18", "qlora-12"]

BYTES_PER_PARAMETER = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
# Bytes of weights, gradients and optimizer states for each trained parameter.
CONVENTIONS = {
    "mixed-16": (
        2.0,
        2.0,
        12.0,
    ),  # float32 master copy counted with Adam's moments: ZeRO, arXiv 1910.02054, section 3.1
    "mixed-18": (
        6.0,
        4.0,
        8.0,
    ),  # float32 gradients too: Hugging Face's "GPU memory usage", EleutherAI's cookbook
    "qlora-12": (2.0, 2.0, 8.0),  # 16-bit weights and gradients, float32 moments: QLoRA's 780 GB for 65B
}
D = 4096  # the width of the weights that are adapted, as in a 7B model
GB = 1e9


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
    *,
    convention: Convention = "pure",
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

    Adam keeps two moments for each trained parameter. This is `convention` "pure": all in the trained precision.
    The others count what mixed precision keeps of each trained parameter, in bytes of weights + gradients +
    optimizer: "mixed-16" 2 + 2 + 12 (ZeRO, arXiv 1910.02054, section 3.1), "mixed-18" 6 + 4 + 8 (Hugging Face,
    "GPU memory usage"), "qlora-12" 2 + 2 + 8 (the 780 GB for 65B of QLoRA, arXiv 2305.14314). `precision` then is that
    of LoRA's frozen weights alone. Adapter sizes: LoRA, arXiv 2106.09685, section 4.2.

    Raises ValueError for an unknown precision or convention, a size that is not positive, a negative rank or ratio.

    >>> m = calculate_memory_requirements(7, precision="bfloat16")
    >>> m["full_ft_total"], round(m["lora_total"], 2)
    (56.0, 14.04)
    """
    if precision not in BYTES_PER_PARAMETER:
        raise ValueError(f"precision = {precision!r}, should be one of {', '.join(BYTES_PER_PARAMETER)}")
    if convention != "pure" and convention not in CONVENTIONS:
        raise ValueError(f"convention = {convention!r}, should be one of pure, {', '.join(CONVENTIONS)}")
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
    kept = {"pure": (b, t, 2 * t), **CONVENTIONS}[convention]  # bytes of weights, gradients, optimizer
    full = {"weights": N * kept[0] / GB, "gradients": N * kept[1] / GB, "optimizer": N * kept[2] / GB}
    lora = {
        "weights": N * b / GB,
        "adapters": P * max(kept[0], 2.0) / GB,
        "gradients": P * kept[1] / GB,
        "optimizer": P * kept[2] / GB,
    }
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())
    return {
        **{f"full_ft_{part}": value for part, value in full.items()},
        **{f"lora_{part}": value for part, value in lora.items()},
        "memory_savings_ratio": lora["total"] / full["total"],
    }
