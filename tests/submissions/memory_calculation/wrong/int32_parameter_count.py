# mistake: unnamed
# The parameter count is kept in an int32 tensor and overflows for models above 2.1 billion parameters.
import torch

SIZES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}


def count_parameters(billions):
    return torch.tensor(int(billions * 1e9), dtype=torch.int64).to(torch.int32).item()


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in SIZES:
        raise ValueError(f"precision should be in {tuple(SIZES)}")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("invalid size, rank or ratio")
    size = SIZES[precision]
    trained = max(size, 2)
    n = count_parameters(model_params_billions)
    p = n * lora_target_ratio * 2 * lora_rank / 4096

    ft_w, ft_g, ft_o = n * size / 1e9, n * trained / 1e9, 2 * n * trained / 1e9
    lo_w, lo_a, lo_g, lo_o = n * size / 1e9, p * trained / 1e9, p * trained / 1e9, 2 * p * trained / 1e9
    return {
        "full_ft_weights": ft_w,
        "full_ft_gradients": ft_g,
        "full_ft_optimizer": ft_o,
        "full_ft_total": ft_w + ft_g + ft_o,
        "lora_weights": lo_w,
        "lora_adapters": lo_a,
        "lora_gradients": lo_g,
        "lora_optimizer": lo_o,
        "lora_total": lo_w + lo_a + lo_g + lo_o,
        "memory_savings_ratio": (lo_w + lo_a + lo_g + lo_o) / (ft_w + ft_g + ft_o),
    }
