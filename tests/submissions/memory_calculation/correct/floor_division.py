# P by floor division, the rest in bits
import math

BITS_PER_BYTE = 8


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bits = {"float32": 32, "float16": 16, "bfloat16": 16, "int8": 8, "int4": 4}
    if precision not in bits:
        raise ValueError(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("out of range")
    stored_bits = bits[precision]
    trained_bits = max(stored_bits, 16)
    n = model_params_billions * 1e9
    p = math.floor(n * lora_target_ratio * 2 * lora_rank // 4096)

    def gb(params, n_bits):
        return params * n_bits / BITS_PER_BYTE / 1e9

    base = gb(n, stored_bits)
    full_total = base + gb(n, trained_bits) * 3
    lora_total = base + gb(p, trained_bits) * 4
    return dict(
        full_ft_weights=base,
        full_ft_gradients=gb(n, trained_bits),
        full_ft_optimizer=gb(2 * n, trained_bits),
        full_ft_total=full_total,
        lora_weights=base,
        lora_adapters=gb(p, trained_bits),
        lora_gradients=gb(p, trained_bits),
        lora_optimizer=gb(2 * p, trained_bits),
        lora_total=lora_total,
        memory_savings_ratio=lora_total / full_total,
    )
