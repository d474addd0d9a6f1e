# mistake: unnamed
# Bad arguments end the program with sys.exit (SystemExit) instead of raising ValueError.
import sys

TABLE = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def die(message):
    print("error:", message)
    sys.exit(1)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in TABLE:
        die("precision " + repr(precision))
    if model_params_billions <= 0:
        die("model size")
    if lora_rank < 0:
        die("rank")
    if lora_target_ratio < 0:
        die("ratio")
    n = model_params_billions * 1e9
    p = lora_rank * 2 / 4096 * lora_target_ratio * n
    w = TABLE[precision] / 1e9
    g = max(TABLE[precision], 2) / 1e9
    return {
        "full_ft_weights": n * w,
        "full_ft_gradients": n * g,
        "full_ft_optimizer": n * g * 2,
        "full_ft_total": n * w + n * g * 3,
        "lora_weights": n * w,
        "lora_adapters": p * g,
        "lora_gradients": p * g,
        "lora_optimizer": p * g * 2,
        "lora_total": n * w + p * g * 4,
        "memory_savings_ratio": (n * w + p * g * 4) / (n * w + n * g * 3),
    }
