# mistake: unnamed
# Counts adapters for 32 layers with 4 projections, whatever the model size and the target ratio are.
N_LAYERS = 32
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj"]
HIDDEN = 4096

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def count_adapters(rank):
    total = 0
    for _ in range(N_LAYERS):
        for _ in PROJECTIONS:
            total += HIDDEN * rank + rank * HIDDEN
    return total


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    if precision not in BYTES:
        raise ValueError(f"Unknown precision: {precision}. Choose from {list(BYTES)}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must be non-negative")

    to_gb = lambda x: x / 1e9
    n = model_params_billions * 1e9
    p = count_adapters(lora_rank)
    b = BYTES[precision]
    t = max(b, 2)
    full = {"weights": to_gb(n * b), "gradients": to_gb(n * t), "optimizer": to_gb(2 * n * t)}
    lora = {
        "weights": to_gb(n * b),
        "adapters": to_gb(p * t),
        "gradients": to_gb(p * t),
        "optimizer": to_gb(2 * p * t),
    }
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())
    return {
        **{f"full_ft_{k}": v for k, v in full.items()},
        **{f"lora_{k}": v for k, v in lora.items()},
        "memory_savings_ratio": lora["total"] / full["total"],
    }
