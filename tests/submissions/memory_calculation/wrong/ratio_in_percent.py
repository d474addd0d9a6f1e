# mistake: unnamed
# memory_savings_ratio is multiplied by 100.
import torch

DTYPES = {
    "float32": torch.float32,
    "float16": torch.float16,
    "bfloat16": torch.bfloat16,
    "int8": torch.int8,
    "int4": None,  # torch has no int4, it is packed two to a byte
}


def element_size(precision):
    if precision not in DTYPES:
        raise ValueError(f"precision {precision!r} not in {list(DTYPES)}")
    dtype = DTYPES[precision]
    if dtype is None:
        return 0.5
    return torch.empty((), dtype=dtype).element_size()


def trainable_size(precision):
    size = element_size(precision)
    half = torch.empty((), dtype=torch.float16).element_size()
    return max(size, half)


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    w = element_size(precision)
    g = trainable_size(precision)
    if model_params_billions <= 0:
        raise ValueError("need a positive number of parameters")
    if lora_rank < 0:
        raise ValueError("rank < 0")
    if lora_target_ratio < 0:
        raise ValueError("ratio < 0")

    gb = 1e9
    total_params = model_params_billions * 1e9
    lora_params = total_params * lora_target_ratio * 2 * lora_rank / 4096

    memory = {
        "full_ft_weights": total_params * w / gb,
        "full_ft_gradients": total_params * g / gb,
        "full_ft_optimizer": total_params * g * 2 / gb,
    }
    memory["full_ft_total"] = (
        memory["full_ft_weights"] + memory["full_ft_gradients"] + memory["full_ft_optimizer"]
    )
    memory |= {
        "lora_weights": total_params * w / gb,
        "lora_adapters": lora_params * g / gb,
        "lora_gradients": lora_params * g / gb,
        "lora_optimizer": lora_params * g * 2 / gb,
    }
    memory["lora_total"] = (
        memory["lora_weights"] + memory["lora_adapters"] + memory["lora_gradients"] + memory["lora_optimizer"]
    )
    memory["memory_savings_ratio"] = 100 * memory["lora_total"] / memory["full_ft_total"]
    return memory
