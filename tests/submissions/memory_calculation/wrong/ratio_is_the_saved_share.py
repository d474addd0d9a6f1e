# mistake: unnamed
# Calculate_memory_requirements(7)["memory_savings_ratio"] is 0.749, not 0.2508.
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(precision)
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = int(N * lora_target_ratio * 2 * lora_rank / 4096)
    fw, fg, fo = N * b, N * t, 2 * N * t
    ft = fw + fg + fo
    la, lg, lo = P * t, P * t, 2 * P * t
    lt = fw + la + lg + lo
    return dict(full_ft_weights=fw / 1e9, full_ft_gradients=fg / 1e9, full_ft_optimizer=fo / 1e9, full_ft_total=ft / 1e9,
                lora_weights=fw / 1e9, lora_adapters=la / 1e9, lora_gradients=lg / 1e9, lora_optimizer=lo / 1e9,
                lora_total=lt / 1e9, memory_savings_ratio=(ft - lt) / ft)
