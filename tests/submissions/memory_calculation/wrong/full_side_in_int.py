# mistake: unnamed
# Only LoRA trains in at least 2 bytes, full fine-tuning uses b throughout; shows under int8 and int4.
from types import SimpleNamespace

D_MODEL = 4096


def lora_params(n, rank, ratio):
    """Parameters of all adapters: so many d x d matrices, each with an A (r x d) and a B (d x r)."""
    matrices = n * ratio / (D_MODEL * D_MODEL)
    a = rank * D_MODEL
    b = D_MODEL * rank
    return matrices * (a + b)


def adam(params, width):
    m = params * width
    v = params * width
    return m + v


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    widths = SimpleNamespace(float32=4, float16=2, bfloat16=2, int8=1, int4=0.5)
    if precision not in vars(widths):
        raise ValueError("unknown precision " + repr(precision))
    if model_params_billions <= 0:
        raise ValueError("the model needs parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio start at 0")

    width = getattr(widths, precision)
    train_width = max(width, 2)
    n = model_params_billions * 1e9
    p = lora_params(n, lora_rank, lora_target_ratio)

    full = SimpleNamespace()
    full.weights = n * width
    full.gradients = n * width
    full.optimizer = adam(n, width)
    full.total = full.weights + full.gradients + full.optimizer

    lora = SimpleNamespace()
    lora.weights = n * width
    lora.adapters = p * train_width
    lora.gradients = p * train_width
    lora.optimizer = adam(p, train_width)
    lora.total = lora.weights + lora.adapters + lora.gradients + lora.optimizer

    out = {f"full_ft_{k}": v / 1e9 for k, v in vars(full).items()}
    out |= {f"lora_{k}": v / 1e9 for k, v in vars(lora).items()}
    out["memory_savings_ratio"] = lora.total / full.total
    return out
