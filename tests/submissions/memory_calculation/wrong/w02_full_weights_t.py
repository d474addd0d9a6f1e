# mistake: unnamed
# Calculate_memory_requirements(7, precision="int4")["full_ft_weights"] is 14, should be 3.5.
B = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in B:
        raise ValueError("precision")
    if model_params_billions <= 0:
        raise ValueError("size")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora")
    b = B[precision]
    t = max(b, 2)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    gb = 1e9
    # in full fine-tuning the weights ARE trained -> t bytes; in LoRA they are frozen -> b bytes
    fw, fg, fo = N * t / gb, N * t / gb, 2 * N * t / gb
    lw, la, lg, lo = N * b / gb, P * t / gb, P * t / gb, 2 * P * t / gb
    ft, lt = fw + fg + fo, lw + la + lg + lo
    return {"full_ft_weights": fw, "full_ft_gradients": fg, "full_ft_optimizer": fo, "full_ft_total": ft,
            "lora_weights": lw, "lora_adapters": la, "lora_gradients": lg, "lora_optimizer": lo, "lora_total": lt,
            "memory_savings_ratio": lt / ft}
