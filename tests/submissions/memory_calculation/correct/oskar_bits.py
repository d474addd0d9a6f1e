# who: Oskar, embedded C, integers and bit shifts, hates floats; unusual: everything in integer bits, t by a shift, P floored by //, division only at the very end
FLAG_TRAINABLE = 0x80
BITS_MASK = 0x7F

#               bits | trainable?
DTYPE_TABLE = (
    ("float32", 32 | FLAG_TRAINABLE),
    ("float16", 16 | FLAG_TRAINABLE),
    ("bfloat16", 16 | FLAG_TRAINABLE),
    ("int8", 8),
    ("int4", 4),
)


def lookup(name):
    for n, v in DTYPE_TABLE:
        if n == name:
            return v
    return -1


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    rc = lookup(precision)
    if rc == -1:
        raise ValueError("EINVAL: precision")
    if model_params_billions <= 0:
        raise ValueError("EINVAL: model_params_billions")
    if lora_rank < 0:
        raise ValueError("EINVAL: lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("EINVAL: lora_target_ratio")

    bits_w = rc & BITS_MASK
    bits_t = bits_w if rc & FLAG_TRAINABLE else 16

    # exact ratios of integers: as_integer_ratio loses nothing
    n_num, n_den = float(model_params_billions).as_integer_ratio()
    q_num, q_den = float(lora_target_ratio).as_integer_ratio()
    n_num *= 10**9
    r_num, r_den = float(lora_rank).as_integer_ratio()

    p = (n_num * q_num * r_num) // ((n_den * q_den * r_den) << 11)  # 2 * r / 4096 == r >> 11

    w = n_num * bits_w  # over n_den
    g = n_num * bits_t
    a = p * bits_t * n_den  # brought to the same denominator
    den = n_den * 8 * 10**9

    full = w + g + (g << 1)
    lora = w + (a << 2)
    return {
        "full_ft_weights": w / den,
        "full_ft_gradients": g / den,
        "full_ft_optimizer": (g << 1) / den,
        "full_ft_total": full / den,
        "lora_weights": w / den,
        "lora_adapters": a / den,
        "lora_gradients": a / den,
        "lora_optimizer": (a << 1) / den,
        "lora_total": lora / den,
        "memory_savings_ratio": lora / full,
    }
