# byte widths asked from the struct module, totals by itertools.accumulate, zipped with the keys; result is a defaultdict
from collections import defaultdict
from itertools import accumulate, chain
from struct import calcsize

# bfloat16 has no letter in struct, but as many bytes as a short; two int4 share one byte
SIZES = {
    "float32": calcsize("=f"),
    "float16": calcsize("=e"),
    "bfloat16": calcsize("=h"),
    "int8": calcsize("=b"),
    "int4": calcsize("=b") / 2,
}
FULL = ("weights", "gradients", "optimizer")
LORA = ("weights", "adapters", "gradients", "optimizer")


def calculate_memory_requirements(*args, **kwargs):
    billions, rank, ratio, precision = _arguments(*args, **kwargs)
    if (b := SIZES.get(precision)) is None:
        raise ValueError("precision should be one of %s, not %r" % (list(SIZES), precision))
    t = max(b, calcsize("=e"))
    n, p = billions * 1e9, billions * 1e9 * ratio * 2 * rank / 4096
    memory = defaultdict(float)
    for prefix, names, sizes in (("full_ft", FULL, (n * b, n * t, 2 * n * t)), ("lora", LORA, (n * b, p * t, p * t, 2 * p * t))):
        *_, total = accumulate(sizes)
        for name, size in zip(chain(names, ["total"]), chain(sizes, [total])):
            memory[f"{prefix}_{name}"] = size / 1e9
    memory["memory_savings_ratio"] = memory["lora_total"] / memory["full_ft_total"]
    return memory


def _arguments(model_params_billions, lora_rank=16, lora_target_ratio=0.1, precision="float32"):
    if not 0 < model_params_billions:
        raise ValueError("a model has parameters")
    if lora_rank < 0 or lora_target_ratio < 0:
        raise ValueError("rank and ratio are at least 0")
    return model_params_billions, lora_rank, lora_target_ratio, precision
