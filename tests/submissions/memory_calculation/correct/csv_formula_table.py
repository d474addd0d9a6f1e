# style: formulas and widths in text tables, read with csv from a string and evaluated with eval
import csv
import io
from types import SimpleNamespace

WIDTHS = """\
name,b
float32,4
float16,2
bfloat16,2
int8,1
int4,0.5
"""

FORMULAS = """\
full_ft_weights      | N*b
full_ft_gradients    | N*t
full_ft_optimizer    | 2*N*t
full_ft_total        | full_ft_weights + full_ft_gradients + full_ft_optimizer
lora_weights         | N*b
lora_adapters        | P*t
lora_gradients       | P*t
lora_optimizer       | 2*P*t
lora_total           | lora_weights + lora_adapters + lora_gradients + lora_optimizer
memory_savings_ratio | lora_total / full_ft_total
"""

_widths = {row["name"]: float(row["b"]) for row in csv.DictReader(io.StringIO(WIDTHS))}
_formulas = [(k.strip(), compile(v.strip(), k.strip(), "eval")) for k, v in
             (line.split("|") for line in FORMULAS.splitlines())]


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    given = SimpleNamespace(**locals())
    if given.precision not in _widths:
        raise ValueError(f"{precision} not among {', '.join(_widths)}")
    if given.model_params_billions <= 0 or given.lora_rank < 0 or given.lora_target_ratio < 0:
        raise ValueError(str(given))
    env = {"N": given.model_params_billions, "b": _widths[precision]}     # N in billions: bytes come out in GB
    env["t"] = max(env["b"], 2)
    env["P"] = env["N"] * given.lora_target_ratio * 2 * given.lora_rank / 4096
    out = {}
    for key, formula in _formulas:
        out[key] = eval(formula, {"__builtins__": {}}, {**env, **out})
    return out
