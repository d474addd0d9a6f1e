# mistake: unnamed
# A try around the whole body catches the ValueError it raised and returns an empty dict.
def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        sizes = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
        if precision not in sizes:
            raise ValueError("Invalid precision")
        if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
            raise ValueError("Invalid sizes")

        b = sizes[precision]
        t = max(b, 2)
        N = model_params_billions * 1e9
        P = N * lora_target_ratio * 2 * lora_rank / 4096

        memory = {}
        memory["full_ft_weights"] = N * b / 1e9
        memory["full_ft_gradients"] = N * t / 1e9
        memory["full_ft_optimizer"] = 2 * N * t / 1e9
        memory["full_ft_total"] = sum(memory.values())
        memory["lora_weights"] = N * b / 1e9
        memory["lora_adapters"] = P * t / 1e9
        memory["lora_gradients"] = P * t / 1e9
        memory["lora_optimizer"] = 2 * P * t / 1e9
        memory["lora_total"] = sum(v for k, v in memory.items() if k.startswith("lora_"))
        memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
        return memory
    except Exception as e:
        print(f"Error while calculating the memory: {e}")
        return {}
