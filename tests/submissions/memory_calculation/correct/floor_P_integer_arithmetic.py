# style: integers only (as_integer_ratio, //), P floored from a differently rounded product, half bytes counted
_HALF_BYTES = {"int4": 1, "int8": 2, "float16": 4, "bfloat16": 4, "float32": 8}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _HALF_BYTES:
        raise ValueError(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError((model_params_billions, lora_rank, lora_target_ratio))
    h = _HALF_BYTES[precision]
    th = max(h, 4)
    mn, md = float(model_params_billions).as_integer_ratio()
    qn, qd = float(lora_target_ratio).as_integer_ratio()
    rn, rd = float(lora_rank).as_integer_ratio()
    # exact binary value of 0.1 is a hair above 0.1, and so on: this floor may differ by one from int(float)
    P = 10**9 * mn * qn * 2 * rn // (md * qd * rd * 4096)
    w_num, den = mn * h, md * 2                # in GB: w_num / den
    g_num = mn * th
    a_num, a_den = P * th, 2 * 10**9
    full_num = w_num + 3 * g_num
    lora_num, lora_den = w_num * a_den + 4 * a_num * den, den * a_den
    return {
        "full_ft_weights": w_num / den,
        "full_ft_gradients": g_num / den,
        "full_ft_optimizer": 2 * g_num / den,
        "full_ft_total": full_num / den,
        "lora_weights": w_num / den,
        "lora_adapters": a_num / a_den,
        "lora_gradients": a_num / a_den,
        "lora_optimizer": 2 * a_num / a_den,
        "lora_total": lora_num / lora_den,
        "memory_savings_ratio": lora_num * den / (lora_den * full_num),
    }
