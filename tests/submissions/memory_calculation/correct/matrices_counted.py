# style: counts d x d matrices (a real number of them), top-level imports of packages that are not there, threads
from concurrent.futures import ThreadPoolExecutor

import matplotlib.pyplot as plt          # only for the plot at the bottom
import pandas as pd

D_MODEL = 4096
BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def full(n, b, t):
    parts = {"full_ft_weights": n * b / 1e9, "full_ft_gradients": n * t / 1e9, "full_ft_optimizer": n * t * 2 / 1e9}
    return {**parts, "full_ft_total": sum(parts.values())}


def lora(n, b, t, rank, ratio):
    matrices = n * ratio / (D_MODEL * D_MODEL)           # not a whole number, and need not be one
    per_matrix = D_MODEL * rank + rank * D_MODEL
    p = matrices * per_matrix
    parts = {"lora_weights": n * b / 1e9, "lora_adapters": p * t / 1e9, "lora_gradients": p * t / 1e9,
             "lora_optimizer": p * t * 2 / 1e9}
    return {**parts, "lora_total": sum(parts.values())}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("precision")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative")
    n, b = model_params_billions * 1e9, BYTES[precision]
    t = max(b, 2)
    with ThreadPoolExecutor(max_workers=2) as pool:
        a = pool.submit(full, n, b, t)
        c = pool.submit(lora, n, b, t, lora_rank, lora_target_ratio)
        result = a.result() | c.result()
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result


def plot():
    frame = pd.DataFrame([calculate_memory_requirements(7, r) for r in (4, 8, 16, 32)])
    frame.plot(y="lora_total")
    plt.show()


if __name__ == "__main__":
    plot()
