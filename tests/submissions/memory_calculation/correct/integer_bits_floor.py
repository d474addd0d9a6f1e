# unusual: counts bits, not bytes, rounds P down to an integer (the contract says that is right too) and gives an int where a value is a whole number of GB
import math
import re

NAME = re.compile(r"(?P<float>float32|b?float16)|int[84]")


def calculate_memory_requirements(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    match NAME.fullmatch(precision):
        case None:
            raise ValueError(f"precision {precision!r}?")
        case m if m["float"]:
            bits = trained_bits = int(precision[-2:])
        case _:
            bits, trained_bits = int(precision[-1]), 16
    match (bool(model_params_billions > 0), bool(lora_rank >= 0), bool(lora_target_ratio >= 0)):
        case (True, True, True):
            pass
        case (False, _, _):
            raise ValueError("model_params_billions must be positive")
        case (_, False, _):
            raise ValueError("lora_rank is negative")
        case _:
            raise ValueError("lora_target_ratio is negative")

    N = model_params_billions * 10**9
    P = math.floor(N * lora_target_ratio * 2 * lora_rank / 4096)  # there is no such thing as half a parameter

    def gb(n_bits):
        x = n_bits / 8 / 10**9
        return int(x) if x == int(x) else x

    full = {"weights": N * bits, "gradients": N * trained_bits, "optimizer": N * trained_bits * 2}
    lora = {"weights": N * bits, "adapters": P * trained_bits, "gradients": P * trained_bits, "optimizer": P * trained_bits << 1}
    out = {}
    for prefix, parts in {"full_ft_": full, "lora_": lora}.items():
        out.update((prefix + part, gb(v)) for part, v in parts.items())
        out[prefix + "total"] = gb(sum(parts.values()))
    out["memory_savings_ratio"] = sum(lora.values()) / sum(full.values())
    return out
