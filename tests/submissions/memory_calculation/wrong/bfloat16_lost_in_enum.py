# mistake: unnamed
# Names come from iterating an Enum in which BFLOAT16 is an alias of FLOAT16, so bfloat16 raises.
import enum


class Precision(enum.Enum):
    float32 = 32
    float16 = 16
    bfloat16 = 16
    int8 = 8
    int4 = 4

    @property
    def bits(self):
        return self.value

    @property
    def bytes(self):
        return self.bits / 8

    @property
    def trained_bytes(self):
        return max(self.bits, 16) / 8


def to_gb(n_bytes):
    return n_bytes / 1e9


def calculate_memory_requirements(
    model_params_billions: float,
    lora_rank: int = 16,
    lora_target_ratio: float = 0.1,
    precision: str = "float32",
) -> dict[str, float]:
    if precision not in [p.name for p in Precision]:
        raise ValueError(f"unknown precision {precision}")
    kind = Precision[precision]
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be greater than zero")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio cannot be negative")

    base = model_params_billions * 1e9
    added = base * lora_target_ratio * (2 * lora_rank) / 4096

    result = {}
    result["full_ft_weights"] = to_gb(base * kind.bytes)
    result["full_ft_gradients"] = to_gb(base * kind.trained_bytes)
    result["full_ft_optimizer"] = to_gb(2 * base * kind.trained_bytes)
    result["full_ft_total"] = sum(result.values())

    result["lora_weights"] = to_gb(base * kind.bytes)
    result["lora_adapters"] = to_gb(added * kind.trained_bytes)
    result["lora_gradients"] = to_gb(added * kind.trained_bytes)
    result["lora_optimizer"] = to_gb(2 * added * kind.trained_bytes)
    result["lora_total"] = sum(
        result[k] for k in ("lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer")
    )

    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
