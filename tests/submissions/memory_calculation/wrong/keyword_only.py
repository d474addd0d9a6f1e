# mistake: unnamed
# Everything after the size is keyword-only, so a rank given by position raises TypeError.
def bytes_of(precision):
    match precision:
        case "float32":
            return 4
        case "float16" | "bfloat16":
            return 2
        case "int8":
            return 1
        case "int4":
            return 0.5
        case _:
            raise ValueError(f"{precision} is not supported")


def calculate_memory_requirements(model_params_billions, *, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    b = bytes_of(precision)
    t = b if b >= 2 else 2

    match (model_params_billions > 0, lora_rank >= 0, lora_target_ratio >= 0):
        case (True, True, True):
            pass
        case _:
            raise ValueError("bad size, rank or ratio")

    # N * 1e9 / 1e9 cancels, so everything stays in billions = GB
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    weights = n * b
    ft_grads = n * t
    ft_adam = 2 * n * t
    ft = weights + ft_grads + ft_adam

    adapters = p * t
    lora_grads = p * t
    lora_adam = 2 * p * t
    lora = weights + adapters + lora_grads + lora_adam

    return dict(
        full_ft_weights=weights,
        full_ft_gradients=ft_grads,
        full_ft_optimizer=ft_adam,
        full_ft_total=ft,
        lora_weights=weights,
        lora_adapters=adapters,
        lora_gradients=lora_grads,
        lora_optimizer=lora_adam,
        lora_total=lora,
        memory_savings_ratio=lora / ft,
    )
