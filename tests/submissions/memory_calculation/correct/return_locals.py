# unusual: returns locals(), so the arguments and helpers come along as extra keys
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get(precision, -1)
    if bytes_per_param < 0 or model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("bad input")
    t = max(bytes_per_param, 2)
    lora_params = model_params_billions * lora_target_ratio * 2 * lora_rank / 4096

    full_ft_weights = model_params_billions * bytes_per_param
    full_ft_gradients = model_params_billions * t
    full_ft_optimizer = model_params_billions * t * 2
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer

    lora_weights = model_params_billions * bytes_per_param
    lora_adapters = lora_params * t
    lora_gradients = lora_params * t
    lora_optimizer = lora_params * t * 2
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer

    memory_savings_ratio = lora_total / full_ft_total
    return locals()
