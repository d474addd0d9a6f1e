# mistake: unnamed
# Calculate_memory_requirements(7, precision="int8").
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    bytes_per_param = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bytes_per_param:
        raise ValueError("unknown precision " + repr(precision))
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio must be >= 0")
    b = bytes_per_param[precision]
    n = model_params_billions          # billions of parameters * bytes = GB
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    out = {}
    out["full_ft_weights"] = n * b
    out["full_ft_gradients"] = n * b
    out["full_ft_optimizer"] = 2 * n * b
    out["full_ft_total"] = 4 * n * b
    out["lora_weights"] = n * b
    out["lora_adapters"] = p * b
    out["lora_gradients"] = p * b
    out["lora_optimizer"] = 2 * p * b
    out["lora_total"] = n * b + 4 * p * b
    out["memory_savings_ratio"] = out["lora_total"] / out["full_ft_total"]
    return out
