# everything is computed in logarithms; the ValueErrors for sizes are math's own domain errors
from math import exp, fsum, log, sqrt

LOG_BYTES = {name: log(b) for name, b in zip("float32 float16 bfloat16 int8 int4".split(), (4, 2, 2, 1, 0.5))}


def _log_of_nonnegative(value):
    sqrt(value)  # math domain error for a negative value
    return log(value) if value else float("-inf")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    try:
        b = LOG_BYTES[precision]
    except KeyError as error:
        raise ValueError(f"no such precision: {precision}") from error
    t = max(b, log(2))
    n = log(model_params_billions)  # in billions, so that all results are in GB; domain error for 0 and below
    p = n + _log_of_nonnegative(lora_target_ratio) + log(2) + _log_of_nonnegative(lora_rank) - 12 * log(2)
    logs = {
        "full_ft_weights": n + b,
        "full_ft_gradients": n + t,
        "full_ft_optimizer": n + t + log(2),
        "lora_weights": n + b,
        "lora_adapters": p + t,
        "lora_gradients": p + t,
        "lora_optimizer": p + t + log(2),
    }
    result = {key: exp(value) for key, value in logs.items()}
    for kind in ("full_ft", "lora"):
        result[kind + "_total"] = fsum(v for k, v in result.items() if k.startswith(kind))
    result["memory_savings_ratio"] = exp(log(result["lora_total"]) - log(result["full_ft_total"]))
    return result
