# tuple.index raises the ValueError for an unknown name
_names = ("float32", "float16", "bfloat16", "int8", "int4")
_sizes = (4, 2, 2, 1, .5)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=.1, precision='float32'):
    b = _sizes[_names.index(precision)]
    if model_params_billions <= 0: raise ValueError('model_params_billions')
    if lora_rank < 0: raise ValueError('lora_rank')
    if lora_target_ratio < 0: raise ValueError('lora_target_ratio')
    t = b if b > 2 else 2
    N = model_params_billions * 10**9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    w, g, o = N*b, N*t, 2*N*t
    a, lg, lo = P*t, P*t, 2*P*t
    return {'full_ft_weights': w/1e9, 'full_ft_gradients': g/1e9, 'full_ft_optimizer': o/1e9,
            'full_ft_total': (w+g+o)/1e9, 'lora_weights': w/1e9, 'lora_adapters': a/1e9,
            'lora_gradients': lg/1e9, 'lora_optimizer': lo/1e9, 'lora_total': (w+a+lg+lo)/1e9,
            'memory_savings_ratio': (w+a+lg+lo)/(w+g+o)}
