# structural pattern matching for precision and for the argument checks
def _bytes_of(precision):
    match precision:
        case "float32":
            return 4, 4
        case "float16" | "bfloat16":
            return 2, 2
        case "int8":
            return 1, 2
        case "int4":
            return 0.5, 2
        case other:
            raise ValueError(f"no such precision: {other!r}")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    stored, trained = _bytes_of(precision)
    match (model_params_billions, lora_rank, lora_target_ratio):
        case (size, _, _) if size <= 0:
            raise ValueError("size")
        case (_, rank, _) if rank < 0:
            raise ValueError("rank")
        case (_, _, ratio) if ratio < 0:
            raise ValueError("ratio")
    n = model_params_billions * 1e9
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    to_gb = lambda number_of_bytes: number_of_bytes / 1e9  # noqa: E731
    result = {
        "memory_savings_ratio": (n * stored + 4 * p * trained) / (n * stored + 3 * n * trained),
        "lora_total": to_gb(n * stored + 4 * p * trained),
        "lora_optimizer": to_gb(2 * p * trained),
        "lora_gradients": to_gb(p * trained),
        "lora_adapters": to_gb(p * trained),
        "lora_weights": to_gb(n * stored),
        "full_ft_total": to_gb(n * stored + 3 * n * trained),
        "full_ft_optimizer": to_gb(2 * n * trained),
        "full_ft_gradients": to_gb(n * trained),
        "full_ft_weights": to_gb(n * stored),
    }
    return result
