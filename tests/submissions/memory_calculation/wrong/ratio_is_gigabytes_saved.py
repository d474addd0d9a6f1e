# mistake: unnamed
# memory_savings_ratio holds the difference of the totals in GB.
def _bytes(precision):
    table = [("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1), ("int4", 0.5)]
    for name, width in table:
        if name == precision:
            return width
    raise ValueError(f"{precision!r} is not a known precision")


def _train_bytes(precision):
    return max(_bytes(precision), 2)


def _adapter_params(n, rank, ratio):
    d = 4096
    return n * ratio * 2 * d * rank / (d * d)


def _full_finetuning(n, precision):
    weights = n * _bytes(precision)
    gradients = n * _train_bytes(precision)
    optimizer = 2 * n * _train_bytes(precision)
    return weights, gradients, optimizer


def _lora(n, p, precision):
    weights = n * _bytes(precision)
    adapters = p * _train_bytes(precision)
    gradients = p * _train_bytes(precision)
    optimizer = 2 * p * _train_bytes(precision)
    return weights, adapters, gradients, optimizer


def calculate_memory_requirements(
    model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"
):
    if model_params_billions <= 0:
        raise ValueError("model_params_billions")
    if lora_rank < 0:
        raise ValueError("lora_rank")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio")

    giga = 1e9
    n = model_params_billions * giga
    p = _adapter_params(n, lora_rank, lora_target_ratio)
    fw, fg, fo = (v / giga for v in _full_finetuning(n, precision))
    lw, la, lg, lo = (v / giga for v in _lora(n, p, precision))
    full_total = fw + fg + fo
    lora_total = lw + la + lg + lo
    return {
        "full_ft_weights": fw,
        "full_ft_gradients": fg,
        "full_ft_optimizer": fo,
        "full_ft_total": full_total,
        "lora_weights": lw,
        "lora_adapters": la,
        "lora_gradients": lg,
        "lora_optimizer": lo,
        "lora_total": lora_total,
        "memory_savings_ratio": full_total - lora_total,
    }
