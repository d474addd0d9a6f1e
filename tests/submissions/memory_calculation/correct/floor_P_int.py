# style: beginner, one statement a line, P cut to a whole number with int()
def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16, lora_target_ratio: float = 0.1, precision: str = "float32"):
    # check inputs
    if precision == "float32":
        b = 4
    elif precision == "float16":
        b = 2
    elif precision == "bfloat16":
        b = 2
    elif precision == "int8":
        b = 1
    elif precision == "int4":
        b = 0.5
    else:
        raise ValueError("precision is wrong!!")
    if model_params_billions <= 0:
        raise ValueError("model is too small!!")
    if lora_rank < 0:
        raise ValueError("rank is negative!!")
    if lora_target_ratio < 0:
        raise ValueError("ratio is negative!!")

    # bytes for trained things
    t = b
    if t < 2:
        t = 2

    num_params = model_params_billions * 1000000000
    # you cannot have half a parameter so int()
    num_lora_params = int(num_params * lora_target_ratio * 2 * lora_rank / 4096)

    memory = {}
    memory["full_ft_weights"] = num_params * b / 1000000000
    memory["full_ft_gradients"] = num_params * t / 1000000000
    memory["full_ft_optimizer"] = num_params * t * 2 / 1000000000
    memory["full_ft_total"] = memory["full_ft_weights"] + memory["full_ft_gradients"] + memory["full_ft_optimizer"]
    memory["lora_weights"] = num_params * b / 1000000000
    memory["lora_adapters"] = num_lora_params * t / 1000000000
    memory["lora_gradients"] = num_lora_params * t / 1000000000
    memory["lora_optimizer"] = num_lora_params * t * 2 / 1000000000
    memory["lora_total"] = memory["lora_weights"] + memory["lora_adapters"] + memory["lora_gradients"] + memory["lora_optimizer"]
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    print("I need", memory["lora_total"], "GB")
    return memory
