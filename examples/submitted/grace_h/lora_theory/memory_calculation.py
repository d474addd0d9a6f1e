GB = 1024 ** 3

BYTES_PER_PARAM = {
    'float32': 4,
    'float16': 2,
    'bfloat16': 2,
    'int8': 1,
    'int4': 0.5,
}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision='float32'):
    if precision not in BYTES_PER_PARAM:
        raise ValueError(f'unknown precision {precision}')
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError('sizes must not be negative')

    n = model_params_billions * 1e9
    b = BYTES_PER_PARAM[precision]
    train_b = max(b, 2)     # ints can't be trained

    out = {}
    out['full_ft_weights'] = n * b / GB
    out['full_ft_gradients'] = n * train_b / GB
    out['full_ft_optimizer'] = 2 * n * train_b / GB     # m and v
    out['full_ft_total'] = out['full_ft_weights'] + out['full_ft_gradients'] + out['full_ft_optimizer']

    p = n * lora_target_ratio * 2 * lora_rank / 4096
    out['lora_weights'] = n * b / GB
    out['lora_adapters'] = p * train_b / GB
    out['lora_gradients'] = p * train_b / GB
    out['lora_optimizer'] = 2 * p * train_b / GB
    out['lora_total'] = out['lora_weights'] + out['lora_adapters'] + out['lora_gradients'] + out['lora_optimizer']

    out['memory_savings_ratio'] = out['lora_total'] / out['full_ft_total']
    return out
