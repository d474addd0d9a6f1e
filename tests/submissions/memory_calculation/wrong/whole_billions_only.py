# mistake: unnamed
# Calculate_memory_requirements(1.5)["full_ft_weights"] is 4, not 6; 0.5 raises ValueError.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("unsupported precision")
    N = int(model_params_billions) * 10**9
    if N <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("need a positive size, and no negative rank or ratio")
    b = BYTES[precision]
    t = max(b, 2)
    P = int(N * lora_target_ratio * 2 * lora_rank / 4096)
    to_gb = 1e-9
    f = {"weights": N * b * to_gb, "gradients": N * t * to_gb, "optimizer": 2 * N * t * to_gb}
    l = {"weights": N * b * to_gb, "adapters": P * t * to_gb, "gradients": P * t * to_gb, "optimizer": 2 * P * t * to_gb}
    f["total"] = sum(f.values())
    l["total"] = sum(l.values())
    return {**{"full_ft_" + k: v for k, v in f.items()}, **{"lora_" + k: v for k, v in l.items()},
            "memory_savings_ratio": l["total"] / f["total"]}
