# returns an OrderedDict, built up cumulatively
from collections import OrderedDict
from itertools import accumulate

SIZES = OrderedDict([("float32", 4), ("float16", 2), ("bfloat16", 2), ("int8", 1), ("int4", 1 / 2)])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    for value, minimum, name in [(lora_rank, 0, "rank"), (lora_target_ratio, 0, "ratio")]:
        if value < minimum:
            raise ValueError(f"{name} is negative: {value}")
    if not model_params_billions > 0:
        raise ValueError(f"size is not positive: {model_params_billions}")
    if SIZES.get(precision) is None:
        raise ValueError(f"precision is unknown: {precision}")
    b = SIZES[precision]
    t = 2 if b < 2 else b
    billions = model_params_billions
    adapters = billions * lora_target_ratio * lora_rank / 2048  # 2 r / 4096
    table = OrderedDict()
    table["full_ft_weights"] = billions * b
    table["full_ft_gradients"] = billions * t
    table["full_ft_optimizer"] = billions * t * 2
    table["full_ft_total"] = list(accumulate(table.values()))[-1]
    table["lora_weights"] = billions * b
    table["lora_adapters"] = adapters * t
    table["lora_gradients"] = adapters * t
    table["lora_optimizer"] = adapters * t * 2
    table["lora_total"] = list(accumulate(list(table.values())[4:]))[-1]
    table["memory_savings_ratio"] = table["lora_total"] / table["full_ft_total"]
    return table
