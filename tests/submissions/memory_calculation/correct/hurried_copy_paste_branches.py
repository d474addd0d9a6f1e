# unusual: a wrong first draft is still in the file under the same name (the last definition counts), and one pasted branch per precision instead of b and t
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    # v1 DOES NOT WORK for int8!!
    b = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}[precision]
    return {"full_ft_weights": model_params_billions * b, "full_ft_total": model_params_billions * b * 4}


# v2
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if model_params_billions <= 0:
        raise ValueError("bad model size")
    if lora_rank < 0:
        raise ValueError("bad rank")
    if lora_target_ratio < 0:
        raise ValueError("bad ratio")
    N = model_params_billions * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    if precision == "float32":
        w = N * 4
        g = N * 4
        o = N * 8
        a = P * 4
        ag = P * 4
        ao = P * 8
    elif precision == "float16":
        w = N * 2
        g = N * 2
        o = N * 4
        a = P * 2
        ag = P * 2
        ao = P * 4
    elif precision == "bfloat16":
        w = N * 2
        g = N * 2
        o = N * 4
        a = P * 2
        ag = P * 2
        ao = P * 4
    elif precision == "int8":
        w = N
        g = N * 2
        o = N * 4
        a = P * 2
        ag = P * 2
        ao = P * 4
    elif precision == "int4":
        w = N / 2
        g = N * 2
        o = N * 4
        a = P * 2
        ag = P * 2
        ao = P * 4
    else:
        raise ValueError("bad precision")
    # print(w, g, o, a, ag, ao)
    res = {}
    res['full_ft_weights'] = w / 1e9
    res['full_ft_gradients'] = g / 1e9
    res['full_ft_optimizer'] = o / 1e9
    res['full_ft_total'] = (w + g + o) / 1e9
    res['lora_weights'] = w / 1e9
    res['lora_adapters'] = a / 1e9
    res['lora_gradients'] = ag / 1e9
    res['lora_optimizer'] = ao / 1e9
    res['lora_total'] = (w + a + ag + ao) / 1e9
    res['memory_savings_ratio'] = (w + a + ag + ao) / (w + g + o)
    return res
