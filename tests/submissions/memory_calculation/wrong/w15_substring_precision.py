# mistake: unnamed
# Calculate_memory_requirements(7, precision="int16") raises nothing; nor does "float8".
def get_bytes(precision):
    if "32" in precision:
        return 4
    elif "16" in precision:
        return 2
    elif "8" in precision:
        return 1
    elif "4" in precision:
        return 0.5
    else:
        raise ValueError(f"Unknown precision {precision}")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_per_param = get_bytes(precision)
    if model_params_billions <= 0:
        raise ValueError("Model size must be positive")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("Rank and ratio must be non-negative")
    trained = max(bytes_per_param, 2)
    num_params = model_params_billions * 1e9
    num_lora = num_params * lora_target_ratio * 2 * lora_rank / 4096
    res = {}
    res["full_ft_weights"] = num_params * bytes_per_param / 1e9
    res["full_ft_gradients"] = num_params * trained / 1e9
    res["full_ft_optimizer"] = num_params * trained * 2 / 1e9
    res["full_ft_total"] = res["full_ft_weights"] + res["full_ft_gradients"] + res["full_ft_optimizer"]
    res["lora_weights"] = num_params * bytes_per_param / 1e9
    res["lora_adapters"] = num_lora * trained / 1e9
    res["lora_gradients"] = num_lora * trained / 1e9
    res["lora_optimizer"] = num_lora * trained * 2 / 1e9
    res["lora_total"] = res["lora_weights"] + res["lora_adapters"] + res["lora_gradients"] + res["lora_optimizer"]
    res["memory_savings_ratio"] = res["lora_total"] / res["full_ft_total"]
    return res
