# prints a table on every call, runs an unguarded demo, and tries to save the result to a file
import json
import os
import sys

print("memory_calculation loaded from", os.getcwd(), file=sys.stderr)

PRECISIONS = ["float32", "float16", "bfloat16", "int8", "int4"]
BYTES = [4, 2, 2, 1, 0.5]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in PRECISIONS:
        raise ValueError("precision " + precision + " not in " + str(PRECISIONS))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions <= 0")
    if lora_rank < 0:
        raise ValueError("lora_rank < 0")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio < 0")
    bytes_weights = dict(zip(PRECISIONS, BYTES))[precision]
    bytes_training = max(2, bytes_weights)
    params = model_params_billions * 1e9
    adapter_params = params * lora_target_ratio * 2 * lora_rank / 4096
    # full fine-tuning
    full_ft_weights = params * bytes_weights / 1e9
    full_ft_gradients = params * bytes_training / 1e9
    full_ft_optimizer = 2 * params * bytes_training / 1e9
    full_ft_total = full_ft_weights + full_ft_gradients + full_ft_optimizer
    # LoRA
    lora_weights = params * bytes_weights / 1e9
    lora_adapters = adapter_params * bytes_training / 1e9
    lora_gradients = adapter_params * bytes_training / 1e9
    lora_optimizer = 2 * adapter_params * bytes_training / 1e9
    lora_total = lora_weights + lora_adapters + lora_gradients + lora_optimizer
    results = {
        "full_ft_weights": full_ft_weights,
        "full_ft_gradients": full_ft_gradients,
        "full_ft_optimizer": full_ft_optimizer,
        "full_ft_total": full_ft_total,
        "lora_weights": lora_weights,
        "lora_adapters": lora_adapters,
        "lora_gradients": lora_gradients,
        "lora_optimizer": lora_optimizer,
        "lora_total": lora_total,
        "memory_savings_ratio": lora_total / full_ft_total,
    }
    print("-" * 40)
    for key, value in results.items():
        print(f"{key:<25} {value:>12.4f}")
    return results


for size in (7, 13, 70):
    for prec in PRECISIONS:
        calculate_memory_requirements(size, precision=prec)

try:
    with open("memory_results.json", "w") as f:
        json.dump(calculate_memory_requirements(7), f)
except OSError as e:
    print("could not save the results:", e)
