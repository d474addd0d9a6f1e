# mistake: unnamed
# Calculate_memory_requirements(7)["lora_adapters"] is a relative 1.2e-4 too large (2 d r + r).
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
D = 4096


def _linear_parameters(n_in, n_out, bias):
    return n_in * n_out + (n_out if bias else 0)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError(f"unknown precision {precision!r}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("size must be positive, rank and ratio not negative")
    b = BYTES[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    adapter = _linear_parameters(D, lora_rank, bias=True) + _linear_parameters(lora_rank, D, bias=False)  # A, then B
    P = N * lora_target_ratio * adapter / _linear_parameters(D, D, bias=False)
    full = [N * b / 1e9, N * t / 1e9, 2 * N * t / 1e9]
    lora = [N * b / 1e9, P * t / 1e9, P * t / 1e9, 2 * P * t / 1e9]
    return {
        "full_ft_weights": full[0], "full_ft_gradients": full[1], "full_ft_optimizer": full[2], "full_ft_total": sum(full),
        "lora_weights": lora[0], "lora_adapters": lora[1], "lora_gradients": lora[2], "lora_optimizer": lora[3],
        "lora_total": sum(lora), "memory_savings_ratio": sum(lora) / sum(full),
    }
