# unusual: imports pandas and matplotlib unguarded, for a plot that is made only as a script; where only that stops the loading they become placeholders, and the function never uses them
import matplotlib.pyplot as plt
import pandas as pd

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
D = 4096


def calculate_memory_requirements(
    model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"
) -> dict[str, float]:
    if precision not in BYTES:
        raise ValueError(f"precision should be in {list(BYTES)}, got {precision}")
    if model_params_billions <= 0:
        raise ValueError("model_params_billions should be positive")
    if lora_rank < 0:
        raise ValueError("lora_rank should not be negative")
    if lora_target_ratio < 0:
        raise ValueError("lora_target_ratio should not be negative")
    N = model_params_billions * 1e9
    b = BYTES[precision]
    t = max(b, 2)
    P = N * lora_target_ratio * 2 * lora_rank / D
    GB = 1e9

    memory = {
        "full_ft_weights": N * b / GB,
        "full_ft_gradients": N * t / GB,
        "full_ft_optimizer": 2 * N * t / GB,
    }
    memory["full_ft_total"] = sum(memory.values())
    lora = {
        "lora_weights": N * b / GB,
        "lora_adapters": P * t / GB,
        "lora_gradients": P * t / GB,
        "lora_optimizer": 2 * P * t / GB,
    }
    lora["lora_total"] = sum(lora.values())
    memory.update(lora)
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory


def plot(sizes=(1, 3, 7, 13, 70)):
    frame = pd.DataFrame([calculate_memory_requirements(s, precision="bfloat16") for s in sizes], index=sizes)
    frame[["full_ft_total", "lora_total"]].plot.bar(logy=True)
    plt.ylabel("GB")
    plt.savefig("memory.png")


if __name__ == "__main__":
    plot()
