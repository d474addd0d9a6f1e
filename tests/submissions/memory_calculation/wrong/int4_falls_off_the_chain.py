# mistake: unnamed
# int4 passes the check but no branch returns for it, so the result is None.
def _report(n, p, b, t):
    ft = {"weights": n * b, "gradients": n * t, "optimizer": 2 * n * t}
    lora = {"weights": n * b, "adapters": p * t, "gradients": p * t, "optimizer": 2 * p * t}
    report = {f"full_ft_{k}": v for k, v in ft.items()} | {f"lora_{k}": v for k, v in lora.items()}
    report["full_ft_total"] = sum(ft.values())
    report["lora_total"] = sum(lora.values())
    report["memory_savings_ratio"] = report["lora_total"] / report["full_ft_total"]
    return report


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in {"float32", "float16", "bfloat16", "int8", "int4"}:
        raise ValueError("precision")
    if model_params_billions <= 0 or min(lora_rank, lora_target_ratio) < 0:
        raise ValueError("sizes")
    n = model_params_billions
    p = n * lora_target_ratio * 2 * lora_rank / 4096
    if precision == "float32":
        return _report(n, p, 4, 4)
    if precision.endswith("float16"):
        return _report(n, p, 2, 2)
    if precision == "int8":
        return _report(n, p, 1, 2)
