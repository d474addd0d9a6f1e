# mistake: training-in-int
# One width for everything, so int8 trains in 1 byte and int4 in half a byte.
import math
from collections import OrderedDict, namedtuple

Width = namedtuple("Width", "stored trained")
WIDTHS = OrderedDict(
    float32=Width(4, 4),
    float16=Width(2, 2),
    bfloat16=Width(2, 2),
    int8=Width(1, 1),
    int4=Width(0.5, 0.5),
)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    width = WIDTHS.get(precision)
    if width is None:
        raise ValueError("precision: " + str(precision))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions: " + str(model_params_billions))
    for name, value in [("lora_rank", lora_rank), ("lora_target_ratio", lora_target_ratio)]:
        if value < 0:
            raise ValueError(name + ": " + str(value))

    n = model_params_billions * 1e9
    p = math.floor(n * lora_target_ratio * 2 * lora_rank / 4096)  # whole parameters

    m = OrderedDict()
    m["full_ft_weights"] = n * width.stored
    m["full_ft_gradients"] = n * width.trained
    m["full_ft_optimizer"] = 2 * n * width.trained
    m["full_ft_total"] = math.fsum(m.values())
    m["lora_weights"] = n * width.stored
    m["lora_adapters"] = p * width.trained
    m["lora_gradients"] = p * width.trained
    m["lora_optimizer"] = 2 * p * width.trained
    m["lora_total"] = m["lora_weights"] + m["lora_adapters"] + m["lora_gradients"] + m["lora_optimizer"]
    for key in m:
        m[key] /= 1e9
    m["memory_savings_ratio"] = m["lora_total"] / m["full_ft_total"]
    return dict(m)
