# mistake: unnamed
# Calculate_memory_requirements(7, lora_rank=12) raises ValueError, should give lora_adapters 0.01640625.
"""
Memory requirements for LoRA vs. full fine-tuning.

Typical LoRA ranks are 4, 8, 16, 32, 64, 128, 256 (always powers of two for tensor-core efficiency).
"""
from __future__ import annotations


def _validate_inputs(size: float, rank: int, ratio: float, precision: str, table: dict[str, float]) -> None:
    """Validate all inputs thoroughly before computing anything."""
    if precision not in table:
        raise ValueError(f"Unsupported precision: {precision}. Supported: {list(table.keys())}")
    if size <= 0:
        raise ValueError(f"Model size must be positive, got {size}")
    if rank < 0:
        raise ValueError(f"LoRA rank must be non-negative, got {rank}")
    if rank & (rank - 1) != 0:
        raise ValueError(f"LoRA rank must be a power of two, got {rank}")
    if ratio < 0:
        raise ValueError(f"Target ratio must be non-negative, got {ratio}")


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    """Calculate the memory requirements for full fine-tuning and LoRA.

    Args:
        model_params_billions: Number of model parameters in billions.
        lora_rank: LoRA rank.
        lora_target_ratio: Fraction of parameters targeted by LoRA.
        precision: Precision of the weights.

    Returns:
        Dictionary with the memory breakdown in GB.
    """
    bytes_map: dict[str, float] = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    _validate_inputs(model_params_billions, lora_rank, lora_target_ratio, precision, bytes_map)

    # Step 1: bytes
    storage_bytes = bytes_map[precision]
    training_bytes = max(storage_bytes, 2)

    # Step 2: parameter counts (in billions, so that bytes come out in GB)
    base = model_params_billions
    adapters = base * lora_target_ratio * 2 * lora_rank / 4096

    # Step 3: full fine-tuning
    full_ft_weights = base * storage_bytes
    full_ft_gradients = base * training_bytes
    full_ft_optimizer = 2 * base * training_bytes
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    # Step 4: LoRA
    lora_weights = base * storage_bytes
    lora_adapters = adapters * training_bytes
    lora_gradients = adapters * training_bytes
    lora_optimizer = 2 * adapters * training_bytes
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
