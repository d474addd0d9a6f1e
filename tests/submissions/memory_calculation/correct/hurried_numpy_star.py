# unusual: `from numpy import *` hides sum/max/min, and the values are numpy scalars (np.float64, a real number type) in another key order
from numpy import *
from lab import *

def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    ok = ["float32", "float16", "bfloat16", "int8", "int4"]
    bs = array([4, 2, 2, 1, 0.5])
    sel = array([name == precision for name in ok])
    if not any(sel): raise ValueError(precision)
    if not (model_params_billions > 0 and lora_rank >= 0 and lora_target_ratio >= 0): raise ValueError("no")
    b = dot(bs, sel)
    t = maximum(b, 2)
    N = float64(model_params_billions) * 1e9
    P = N * lora_target_ratio * 2 * lora_rank / 4096
    f = array([N * b, N * t, 2 * N * t]) / 1e9
    l = array([N * b, P * t, P * t, 2 * P * t]) / 1e9
    return {
        "memory_savings_ratio": sum(l) / sum(f), "full_ft_total": sum(f), "lora_total": sum(l),
        "full_ft_weights": f[0], "full_ft_gradients": f[1], "full_ft_optimizer": f[2],
        "lora_weights": l[0], "lora_adapters": l[1], "lora_gradients": l[2], "lora_optimizer": l[3],
    }
