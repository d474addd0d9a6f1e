# mistake: unnamed
# The bytes per parameter are looked up once and kept in a global, later calls at another precision use the first one's.
WIDTH = None


def set_width(precision):
    global WIDTH
    known = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in known:
        raise ValueError(f"{precision} is unknown")
    if WIDTH is None:
        WIDTH = known[precision]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    set_width(precision)
    for value in (lora_rank, lora_target_ratio):
        if value < 0:
            raise ValueError("negative value")
    if model_params_billions <= 0:
        raise ValueError("no model")

    train = WIDTH if WIDTH > 2 else 2
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    ft = [n * WIDTH, n * train, 2 * n * train]
    lora = [n * WIDTH, p * train, p * train, 2 * p * train]
    keys = ["full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
            "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total",
            "memory_savings_ratio"]
    values = ft + [sum(ft)] + lora + [sum(lora)] + [sum(lora) / sum(ft)]
    return dict(zip(keys, values))
