# mistake: unnamed
# After calculate_memory_requirements(7, precision="float16") once, the same call gives lora_total 28.09, should be 14.04.
from dataclasses import dataclass, field


class Section:
    def __init__(self, prefix, parts={}):
        self.prefix = prefix
        self.parts = parts

    def add(self, name, gb, calls=[0]):
        calls[0] += 1
        self.parts[(self.prefix, name, calls[0])] = gb

    def to_dict(self):
        mine = {k: v for k, v in self.parts.items() if k[0] == self.prefix}
        d = {f"{self.prefix}_{name}": v for (_, name, _), v in mine.items()}
        d[f"{self.prefix}_total"] = sum(mine.values())
        return d


def calculate_memory_requirements(model_params_billions: float, lora_rank: int = 16,
                                  lora_target_ratio: float = 0.1, precision: str = "float32") -> dict:
    bpp = {"float32": 4, "float16": 2, "bfloat16": 2, "int8": 1, "int4": 0.5}
    if precision not in bpp:
        raise ValueError(f"precision {precision!r} unknown")
    if model_params_billions <= 0 or lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("numbers out of range")
    b = bpp[precision]
    t = max(b, 2)
    N = model_params_billions
    P = N * lora_target_ratio * 2 * lora_rank / 4096

    full = Section("full_ft")
    full.add("weights", N * b)
    full.add("gradients", N * t)
    full.add("optimizer", 2 * N * t)

    lora = Section("lora")
    lora.add("weights", N * b)
    lora.add("adapters", P * t)
    lora.add("gradients", P * t)
    lora.add("optimizer", 2 * P * t)

    result = {**full.to_dict(), **lora.to_dict()}
    result["memory_savings_ratio"] = result["lora_total"] / result["full_ft_total"]
    return result
