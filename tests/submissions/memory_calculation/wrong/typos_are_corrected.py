# mistake: unnamed
# Calculate_memory_requirements(7, precision="flot32") returns the values of float32 ("float64" and "banana" raise).
import difflib

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def _bytes_for(precision):
    """Forgives a slip of the finger."""
    close = difflib.get_close_matches(precision, BYTES, n=1, cutoff=0.9)
    if not close:
        raise ValueError(f"unknown precision {precision!r}, expected one of {', '.join(BYTES)}")
    return BYTES[close[0]]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = _bytes_for(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    t = max(b, 2)
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full, lora = (n * b, n * t, 2 * n * t), (n * b, p * t, p * t, 2 * p * t)
    memory = {f"full_ft_{k}": v for k, v in zip(("weights", "gradients", "optimizer", "total"), (*full, sum(full)))}
    memory.update({f"lora_{k}": v for k, v in zip(("weights", "adapters", "gradients", "optimizer", "total"), (*lora, sum(lora)))})
    memory["memory_savings_ratio"] = sum(lora) / sum(full)
    return memory
