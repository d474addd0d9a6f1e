# who: Hiro, spreadsheet power user, likes formulas as data; unusual: a table of formula strings, compiled and evaluated in order like cells of a sheet
_SHEET = """
full_ft_weights      = N * b / GB
full_ft_gradients    = N * t / GB
full_ft_optimizer    = 2 * N * t / GB
full_ft_total        = full_ft_weights + full_ft_gradients + full_ft_optimizer
lora_weights         = N * b / GB
lora_adapters        = P * t / GB
lora_gradients       = P * t / GB
lora_optimizer       = 2 * P * t / GB
lora_total           = lora_weights + lora_adapters + lora_gradients + lora_optimizer
memory_savings_ratio = lora_total / full_ft_total
"""
_CELLS = []
for _line in _SHEET.strip().splitlines():
    _cell, _formula = (part.strip() for part in _line.split("=", 1))
    _CELLS.append((_cell, compile(_formula, "<" + _cell + ">", "eval")))

_RULES = [
    ("precision in BYTES", "precision must be one of float32, float16, bfloat16, int8, int4"),
    ("model_params_billions > 0", "model_params_billions must be > 0"),
    ("lora_rank >= 0", "lora_rank must be >= 0"),
    ("lora_target_ratio >= 0", "lora_target_ratio must be >= 0"),
]

BYTES = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 1 / 2}


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    args = dict(locals())
    for rule, complaint in _RULES:
        if not eval(rule, {"BYTES": BYTES}, args):
            raise ValueError(complaint)
    b = BYTES[precision]
    env = {
        "GB": 1e9,
        "N": model_params_billions * 1e9,
        "b": b,
        "t": max(b, 2),
    }
    env["P"] = env["N"] * lora_target_ratio * 2 * lora_rank / 4096
    sheet = {}
    for cell, code in _CELLS:
        sheet[cell] = eval(code, env, sheet)
    return sheet
