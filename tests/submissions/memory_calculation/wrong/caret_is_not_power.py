# mistake: unnamed
# GB is written 10^9, which is an exclusive or (3) in Python, so sizes are far too large.
GB = 10^9

bytes_per_parameter = {
    'float32': 4,
    'float16': 2,
    'bfloat16': 2,
    'int8': 1,
    'int4': 0.5,
}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision='float32'):
    if precision not in bytes_per_parameter:
        raise ValueError('precision not known')
    if model_params_billions <= 0:
        raise ValueError('model_params_billions must be positive')
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError('must be zero or more')
    b = bytes_per_parameter[precision]
    t = max(2, b)
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    full_ft_weights, full_ft_gradients, full_ft_optimizer = N * b / GB, N * t / GB, 2 * N * t / GB
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    lora_weights, lora_adapters, lora_gradients, lora_optimizer = N * b / GB, P * t / GB, P * t / GB, 2 * P * t / GB
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    memory_savings_ratio = lora_total / full_ft_total
    names = ['full_ft_weights', 'full_ft_gradients', 'full_ft_optimizer', 'full_ft_total', 'lora_weights',
             'lora_adapters', 'lora_gradients', 'lora_optimizer', 'lora_total', 'memory_savings_ratio']
    here = locals()
    return {name: here[name] for name in names}
