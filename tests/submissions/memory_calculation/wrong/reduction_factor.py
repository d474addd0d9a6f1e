# mistake: ratio-inverted
# The ratio is the reduction factor full_ft_total / lora_total.
from decimal import Decimal as D

BYTES_PER_PARAM = {
    "float32": D(4),
    "float16": D(2),
    "bfloat16": D(2),
    "int8": D(1),
    "int4": D("0.5"),
}
BILLION = D(10) ** 9
HIDDEN = D(4096)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES_PER_PARAM.keys():
        raise ValueError("unsupported precision: " + str(precision))
    size, rank, ratio = (D(str(v)) for v in (model_params_billions, lora_rank, lora_target_ratio))
    if size <= 0:
        raise ValueError("size must be positive")
    if rank < 0:
        raise ValueError("rank must not be negative")
    if ratio < 0:
        raise ValueError("ratio must not be negative")

    n = size * BILLION
    b = BYTES_PER_PARAM[precision]
    t = max(b, D(2))
    p = n * ratio * 2 * rank / HIDDEN

    full = {
        "weights": n * b,
        "gradients": n * t,
        "optimizer": 2 * n * t,
    }
    lora = {
        "weights": n * b,
        "adapters": p * t,
        "gradients": p * t,
        "optimizer": 2 * p * t,
    }
    full["total"] = sum(full.values())
    lora["total"] = sum(lora.values())

    answer = {"full_ft_" + k: float(v / BILLION) for k, v in full.items()}
    answer.update({"lora_" + k: float(v / BILLION) for k, v in lora.items()})
    answer["memory_savings_ratio"] = float(full["total"] / lora["total"])
    return answer
