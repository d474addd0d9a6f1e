# symbolic formulas with sympy (torch needs sympy, so it is there)
import sympy as sp

N, P, b, t = sp.symbols("N P b t", positive=True)

FORMULAS = {
    "full_ft_weights": N * b,
    "full_ft_gradients": N * t,
    "full_ft_optimizer": 2 * N * t,
    "lora_weights": N * b,
    "lora_adapters": P * t,
    "lora_gradients": P * t,
    "lora_optimizer": 2 * P * t,
}
FORMULAS["full_ft_total"] = sum(FORMULAS[f"full_ft_{k}"] for k in ("weights", "gradients", "optimizer"))
FORMULAS["lora_total"] = sum(FORMULAS[f"lora_{k}"] for k in ("weights", "adapters", "gradients", "optimizer"))
GIGA = sp.Integer(10) ** 9

BYTES = {
    "float32": sp.Integer(4),
    "float16": sp.Integer(2),
    "bfloat16": sp.Integer(2),
    "int8": sp.Integer(1),
    "int4": sp.Rational(1, 2),
}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if precision not in BYTES:
        raise ValueError("unknown precision " + str(precision))
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("arguments out of range")
    n = sp.Float(float(model_params_billions)) * GIGA
    p = n * sp.Float(float(lora_target_ratio)) * 2 * sp.Float(float(lora_rank)) / 4096
    numbers = {N: n, P: p, b: BYTES[precision], t: max(BYTES[precision], sp.Integer(2))}
    result = {key: float(expr.subs(numbers) / GIGA) for key, expr in FORMULAS.items()}
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
