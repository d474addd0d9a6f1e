# pandas is optional, matplotlib is imported although only the plot at the end of the file needs it
import matplotlib.pyplot as plt

try:
    import pandas as pd
except ImportError:
    pd = None

KEYS = [
    "full_ft_weights", "full_ft_gradients", "full_ft_optimizer", "full_ft_total",
    "lora_weights", "lora_adapters", "lora_gradients", "lora_optimizer", "lora_total",
    "memory_savings_ratio",
]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}.get(precision)
    if per_param is None:
        raise ValueError(f"precision={precision!r}")
    if model_params_billions <= 0:
        raise ValueError(f"{model_params_billions=}")
    if lora_rank < 0:
        raise ValueError(f"{lora_rank=}")
    if lora_target_ratio < 0:
        raise ValueError(f"{lora_target_ratio=}")
    trained = max(per_param, 2)
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    w, g, o = n * per_param / 1e9, n * trained / 1e9, 2 * n * trained / 1e9
    a = p * trained / 1e9
    values = [w, g, o, w + g + o, w, a, a, 2 * a, w + 4 * a, (w + 4 * a) / (w + g + o)]
    return {k: v for k, v in zip(KEYS, values)}


def as_table(sizes):
    rows = {size: calculate_memory_requirements(size) for size in sizes}
    return pd.DataFrame(rows) if pd is not None else rows


def plot(sizes=(1, 3, 7, 13, 70)):
    totals = [calculate_memory_requirements(s) for s in sizes]
    plt.plot(sizes, [t["full_ft_total"] for t in totals], label="full")
    plt.plot(sizes, [t["lora_total"] for t in totals], label="LoRA")
    plt.legend()
    plt.show()


if __name__ == "__main__":
    plot()
