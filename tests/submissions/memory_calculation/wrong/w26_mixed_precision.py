# mistake: unnamed
# Calculate_memory_requirements(7)["full_ft_gradients"] is 14, should be 28.
_WEIGHT_BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
_TRAINED_BYTES = 2  # "adapters, gradients and optimizer take 2"


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in _WEIGHT_BYTES:
        raise ValueError("Precision %s not known" % precision)
    if model_params_billions <= 0:
        raise ValueError("Model size %s" % model_params_billions)
    if lora_rank < 0:
        raise ValueError("Rank %s" % lora_rank)
    if lora_target_ratio < 0:
        raise ValueError("Ratio %s" % lora_target_ratio)

    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    weights = N * _WEIGHT_BYTES[precision] / 1e9

    ft_grad = N * _TRAINED_BYTES / 1e9
    ft_opt = 2 * ft_grad
    ft_total = weights + ft_grad + ft_opt

    adapters = P * _TRAINED_BYTES / 1e9
    l_grad = adapters
    l_opt = 2 * adapters
    l_total = weights + adapters + l_grad + l_opt
    return dict(full_ft_weights=weights, full_ft_gradients=ft_grad, full_ft_optimizer=ft_opt, full_ft_total=ft_total,
                lora_weights=weights, lora_adapters=adapters, lora_gradients=l_grad, lora_optimizer=l_opt,
                lora_total=l_total, memory_savings_ratio=l_total / ft_total)
