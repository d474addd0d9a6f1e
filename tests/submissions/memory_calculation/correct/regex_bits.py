# style: parses kind and bits out of the name, then checks the pair against an allow-list
import re

_PATTERN = re.compile(r"(?P<kind>b?float|int)(?P<bits>[0-9]+)")
_ALLOWED = {("float", 32), ("float", 16), ("bfloat", 16), ("int", 8), ("int", 4)}


def _parse(name: str) -> tuple[str, int]:
    m = _PATTERN.fullmatch(name)
    if not m or m["bits"][0] == "0" or (m["kind"], int(m["bits"])) not in _ALLOWED:
        raise ValueError(f"cannot use precision {name!r}")
    return m["kind"], int(m["bits"])


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    kind, bits = _parse(precision)
    if model_params_billions <= 0:
        raise ValueError("model_params_billions must be > 0")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("lora_rank and lora_target_ratio must be >= 0")
    stored_bits = bits
    trained_bits = bits if kind.endswith("float") else 16
    n_bits = model_params_billions * 1e9

    def gb(parameters, width):
        return parameters * width / 8 / 1e9

    p = n_bits * lora_target_ratio * 2 * lora_rank / 4096
    r = {
        "full_ft_weights": gb(n_bits, stored_bits),
        "full_ft_gradients": gb(n_bits, trained_bits),
        "full_ft_optimizer": gb(n_bits, trained_bits * 2),
        "lora_weights": gb(n_bits, stored_bits),
        "lora_adapters": gb(p, trained_bits),
        "lora_gradients": gb(p, trained_bits),
        "lora_optimizer": gb(p, trained_bits * 2),
    }
    r["full_ft_total"] = r["full_ft_weights"] + r["full_ft_gradients"] + r["full_ft_optimizer"]
    r["lora_total"] = r["lora_weights"] + r["lora_adapters"] + r["lora_gradients"] + r["lora_optimizer"]
    r["memory_savings_ratio"] = r["lora_total"] / r["full_ft_total"]
    return r
