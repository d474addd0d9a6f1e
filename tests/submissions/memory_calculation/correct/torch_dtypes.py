# byte widths asked from torch's dtypes instead of written down
import torch

ALLOWED = frozenset({"float32", "float16", "bfloat16", "int8", "int4"})


def bytes_per_parameter(precision):
    if precision == "int4":
        return 0.5  # two values share a byte
    return torch.empty(0, dtype=getattr(torch, precision)).element_size()


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in ALLOWED:
        raise ValueError(f"precision has to be one of {sorted(ALLOWED)}, got {precision}")
    if model_params_billions <= 0:
        raise ValueError("the model needs parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("negative LoRA setting")
    w = bytes_per_parameter(precision)
    trainable_dtype = getattr(torch, precision) if "float" in precision else torch.bfloat16
    t = trainable_dtype.itemsize
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    mem = {}
    mem["full_ft_weights"] = n * w / 1e9
    mem["full_ft_gradients"] = n * t / 1e9
    mem["full_ft_optimizer"] = mem["full_ft_gradients"] + mem["full_ft_gradients"]
    mem["full_ft_total"] = mem["full_ft_weights"] + mem["full_ft_gradients"] + mem["full_ft_optimizer"]
    mem["lora_weights"] = n * w / 1e9
    mem["lora_adapters"] = p * t / 1e9
    mem["lora_gradients"] = p * t / 1e9
    mem["lora_optimizer"] = mem["lora_gradients"] + mem["lora_gradients"]
    mem["lora_total"] = mem["lora_weights"] + mem["lora_adapters"] + mem["lora_gradients"] + mem["lora_optimizer"]
    mem["memory_savings_ratio"] = mem["lora_total"] / mem["full_ft_total"]
    return mem
