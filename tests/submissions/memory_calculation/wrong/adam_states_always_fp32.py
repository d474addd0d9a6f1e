# mistake: unnamed
# Calculate_memory_requirements(7, precision="float16")["full_ft_optimizer"] is 56, not 28.
from typing import Dict

_BYTES = dict(float32=4.0, float16=2.0, bfloat16=2.0, int8=1.0, int4=0.5)


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> Dict[str, float]:
    """Mixed precision: Adam keeps m and v in float32."""
    try:
        b = _BYTES[precision]
    except KeyError:
        raise ValueError(f"precision must be one of {sorted(_BYTES)}") from None
    if not model_params_billions > 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("bad arguments")
    t = max(b, 2.0)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    adam = 2 * 4.0
    full = {"weights": N * b, "gradients": N * t, "optimizer": N * adam}
    lora = {"weights": N * b, "adapters": P * t, "gradients": P * t, "optimizer": P * adam}
    full["total"], lora["total"] = sum(full.values()), sum(lora.values())
    res = {f"full_ft_{k}": v / 1e9 for k, v in full.items()}
    res |= {f"lora_{k}": v / 1e9 for k, v in lora.items()}
    res["memory_savings_ratio"] = lora["total"] / full["total"]
    return res
