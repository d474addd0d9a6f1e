# style: source text is assembled from the table of formulas, compiled with exec, and put into globals() (no def of that name in the file)
FORMULAS = {
    "full_ft_weights": "N * b",
    "full_ft_gradients": "N * t",
    "full_ft_optimizer": "2 * N * t",
    "lora_weights": "N * b",
    "lora_adapters": "P * t",
    "lora_gradients": "P * t",
    "lora_optimizer": "2 * P * t",
}
WIDTHS = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
lines = [
    "def f(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision='float32'):",
    "  if precision not in WIDTHS or not model_params_billions > 0 or lora_rank < 0 or lora_target_ratio < 0:",
    "    raise ValueError((model_params_billions, lora_rank, lora_target_ratio, precision))",
    "  N = model_params_billions * 1e9; b = WIDTHS[precision]; t = max(2.0, b)",
    "  P = N * lora_target_ratio * 2 * lora_rank / 4096; r = {}",
]
lines += [f"  r[{k!r}] = ({v}) / 1e9" for k, v in FORMULAS.items()]
for m in ("full_ft", "lora"):
    lines.append("  r['%s_total'] = %s" % (m, " + ".join(f"r[{k!r}]" for k in FORMULAS if k.startswith(m + "_"))))
lines += ["  r['memory_savings_ratio'] = r['lora_total'] / r['full_ft_total']", "  return r"]
scope = {"WIDTHS": WIDTHS}
exec("\n".join(lines), scope)
globals()["calculate_memory_" + "requirements"] = scope.pop("f")
del lines, m
