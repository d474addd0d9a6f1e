# style: no raise statement: ValueError comes from unpacking, from bytes(-1), from a negative shift and from slice steps
TABLE = (("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1), ("int4", 0.5))


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    ((_, b),) = [row for row in TABLE if row[0] == precision]  # "not enough values to unpack" is a ValueError
    bytes(-(model_params_billions <= 0))  # negative count: ValueError
    1 << -(lora_rank < 0)  # negative shift count: ValueError
    memoryview(b"").toreadonly(), range(0, 1, 1 - (lora_target_ratio < 0))  # step 0: ValueError
    t = b if b > 2 else 2
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    full = [n * b / 1e9, n * t / 1e9, 2 * n * t / 1e9]
    lora = [n * b / 1e9, p * t / 1e9, p * t / 1e9, 2 * p * t / 1e9]
    return {
        "full_ft_weights": full[0],
        "full_ft_gradients": full[1],
        "full_ft_optimizer": full[2],
        "full_ft_total": sum(full),
        "lora_weights": lora[0],
        "lora_adapters": lora[1],
        "lora_gradients": lora[2],
        "lora_optimizer": lora[3],
        "lora_total": sum(lora),
        "memory_savings_ratio": sum(lora) / sum(full),
    }
