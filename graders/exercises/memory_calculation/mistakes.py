"""Known mistakes of exercise 3, executable: the contract's formula with one thing changed."""

from __future__ import annotations

from typing import Any

from graders.exercise import Case, Experiment, Mistake, Naming, Seen, by_simulation
from graders.exercises.memory_calculation.estimate import (
    FULL,
    KEYS,
    LORA,
    PRECISIONS,
    estimate,
    near,
    refuse,
)

# Each may be made in several ways; each way is a variant, `id` or `id: how`.
MISTAKES = {
    "gib-not-gb": ("Bytes are divided by 2^30", "How many bytes is one GB in this exercise? There are two conventions."),
    "bytes-not-gb": ("The results are not in GB", "In which unit should the results be, and in which are yours?"),
    "billions-not-scaled": ("Billions of parameters are not turned into parameters", "How many parameters has a 7B model?"),
    "optimizer-one-state": ("The optimizer keeps one value for each parameter", "What does Adam remember of each parameter? Count."),
    "optimizer-missing": ("The optimizer takes no memory", "Adam keeps something for each trained parameter. Where is it counted?"),
    "gradients-missing": ("The gradients take no memory", "What does backward() leave behind for each trained parameter?"),
    "lora-trains-all": ("LoRA's gradients or optimizer are those of the whole model", "Which parameters have a gradient when the base is frozen?"),
    "adapter-one-matrix": ("An adapter is counted as one matrix", "How many factors has an update of rank r, and which shapes?"),
    "rank-ignored": ("The rank has no influence", "Double the rank: what should happen to the adapters' size?"),
    "ratio-ignored": ("The share of targeted weights has no influence", "Halve lora_target_ratio: what should happen to the adapters' size?"),
    "precision-ignored": ("The precision has no influence", "Compare float32 with float16: which values should differ?"),
    "wrong-byte-width": ("A precision has the wrong width", "Look up how many bits each of the five precisions has."),
    "int4-one-byte": ("An int4 parameter takes a whole byte", "How many 4-bit numbers fit into one byte?"),
    "training-in-int": ("What is trained is kept in integers", "Can a gradient be an int8 or int4 number? What does the formula say of t?"),
    "optimizer-always-fp32": ("The optimizer is always counted in float32", "In how many bytes does this exercise keep the optimizer's values?"),
    "ratio-inverted": ("The ratio is upside down", "Is the ratio of LoRA to full fine-tuning above or below 1?"),
    "savings-instead-of-ratio": ("The ratio is the share that is saved", "What is asked: the share that LoRA needs, or the share that it saves?"),
    "adapters-missing-from-total": ("LoRA's total lacks a part of the adapters", "Add up LoRA's four parts by hand. What is missing?"),
    "weights-missing-from-lora": ("LoRA's total lacks the frozen weights", "Does a frozen weight need no memory?"),
    "lora-weights-reduced": ("LoRA's weights are fewer than the model's", "Which weights does the forward pass use when the base is frozen?"),
    "unknown-precision-accepted": ("An unknown precision is accepted", "What should happen for a precision that is none of the five?"),
    "invalid-sizes-accepted": ("Sizes that make no sense are accepted", "Which sizes, ranks and ratios must raise ValueError?"),
    "missing-keys": ("Keys are missing", "Compare the keys of your dict with the table in the text, letter by letter."),
}  # fmt: skip

VARIANTS = (
    "gib-not-gb", "bytes-not-gb", "bytes-not-gb: MB", "billions-not-scaled", "billions-not-scaled: millions", "billions-not-scaled: nor divided by GB",
    "optimizer-one-state", "optimizer-one-state: full", "optimizer-one-state: LoRA",
    "optimizer-missing", "optimizer-missing: full", "optimizer-missing: LoRA", "optimizer-missing: totals",
    "gradients-missing", "gradients-missing: full", "gradients-missing: LoRA", "gradients-missing: totals",
    "lora-trains-all", "lora-trains-all: beside adapters", "lora-trains-all: gradients", "lora-trains-all: optimizer",
    "adapter-one-matrix",
    "rank-ignored: left out", "rank-ignored: whole share", *(f"rank-ignored: {rank}" for rank in (4, 8, 16, 32, 64)),
    "ratio-ignored: left out", "ratio-ignored: 0.1",
    *(f"precision-ignored: {width}" for width in (1, 2, 4)),
    *(f"wrong-byte-width: {name} {width}" for name, width in (
        ("float32", 2), ("float32", 8), ("float16", 1), ("float16", 4), ("bfloat16", 1), ("bfloat16", 4), ("int8", 0.5), ("int8", 2),
        ("int8", 4), ("int4", 0.25), ("int4", 2), ("int4", 4))),
    "wrong-byte-width: in bits", "wrong-byte-width: halves 4",
    "int4-one-byte", "training-in-int", "optimizer-always-fp32",
    "ratio-inverted", "savings-instead-of-ratio", "savings-instead-of-ratio: percent",
    "adapters-missing-from-total", "weights-missing-from-lora", "weights-missing-from-lora: 0",
    "lora-weights-reduced: untargeted", "lora-weights-reduced: targeted", "lora-weights-reduced: minus adapters",
    "lora-weights-reduced: 4 bits", "lora-weights-reduced: 8 bits", "lora-weights-reduced: half",
    "unknown-precision-accepted",
    "invalid-sizes-accepted", "invalid-sizes-accepted: size", "invalid-sizes-accepted: zero", "invalid-sizes-accepted: rank",
    "invalid-sizes-accepted: ratio", "invalid-sizes-accepted: rank and ratio", "invalid-sizes-accepted: size and ratio",
    "invalid-sizes-accepted: size and rank", "invalid-sizes-accepted: zero, rank and ratio",
    "missing-keys",
)  # fmt: skip

WIDTHS = {"float32": 4.0, "float16": 2.0, "bfloat16": 2.0, "int8": 1.0, "int4": 0.5}
REFUSED = "ValueError"


def telling(
    experiment: Experiment, size: float, rank: int, ratio: float, precision: str, call: str = "keywords"
) -> tuple[Experiment, Case]:
    """An experiment, `estimate` or `refuse`, and a case of it."""
    changes = {"size": size, "lora_rank": rank, "lora_target_ratio": ratio, "precision": precision}
    return experiment, {**experiment.base, **changes, "call": call, "seed": 0}


TELLING: tuple[tuple[Experiment, Case], ...] = (
    *(telling(estimate, 7, 16, 0.1, name) for name in PRECISIONS),
    *(telling(estimate, 13, 64, 0.5, name) for name in PRECISIONS),
    telling(estimate, 70, 5, 1.0, "float16"),
    telling(estimate, 2.5, 256, 0.25, "float32"),
    telling(estimate, 7, 16, 0.1, "float32", "defaults"),
    *(telling(refuse, 7, 16, 0.1, name) for name in ("float64", "banana", "")),
    *(telling(refuse, size, 16, 0.1, "float32") for size in (0, -1, -0.5)),
    *(telling(refuse, 7, rank, 0.1, "float16") for rank in (-1, -8)),
    *(telling(refuse, 7, 16, ratio, "float32") for ratio in (-0.1, -1.0)),
)


def simulate(wrong: frozenset[str], experiment: Experiment, case: Case) -> Any:
    """What a function with these variants shows: ValueError, the empty text where `refuse` got a result, or values."""
    size, rank, ratio, precision = (
        case[name] for name in ("size", "lora_rank", "lora_target_ratio", "precision")
    )
    if is_refused(wrong, size, rank, ratio, precision):
        return REFUSED
    return "" if experiment is refuse else values(wrong, size, rank, ratio, precision)


def is_refused(wrong: frozenset[str], size: float, rank: float, ratio: float, precision: str) -> bool:
    """Whether the arguments raise ValueError."""
    if precision not in PRECISIONS:
        return "unknown-precision-accepted" not in wrong
    accepted = {
        variant.partition(": ")[2] for variant in wrong if variant.startswith("invalid-sizes-accepted")
    }
    what = " ".join(accepted)
    if "" in accepted:
        return False
    return (
        (size < 0 and "size" not in what)
        or (size == 0 and "size" not in what and "zero" not in what)
        or (rank < 0 and "rank" not in what)
        or (ratio < 0 and "ratio" not in what)
    )


def values(wrong: frozenset[str], size: float, rank: float, ratio: float, precision: str) -> dict[str, float]:
    """The ten values with these variants of mistakes."""
    how = {name: [v.partition(": ")[2] for v in wrong if v.partition(": ")[0] == name] for name in MISTAKES}
    b = width(how, precision)
    t = b if how["training-in-int"] else max(b, 2.0)
    for fixed in how["rank-ignored"]:
        rank = {"left out": 1, "whole share": 2048}.get(fixed) or float(fixed)
    for fixed in how["ratio-ignored"]:
        ratio = 1 if fixed == "left out" else float(fixed)
    N = size * (1e6 if "millions" in how["billions-not-scaled"] else 1 if how["billions-not-scaled"] else 1e9)
    P = N * ratio * (1 if how["adapter-one-matrix"] else 2) * rank / 4096
    moment = 4.0 if how["optimizer-always-fp32"] else t
    full = dict(zip(FULL, (N * b, N * t, 2 * N * moment), strict=True))
    lora = dict(zip(LORA, (N * b, P * t, P * t, 2 * P * moment), strict=True))
    for which, parts in (("full", full), ("LoRA", lora)):
        prefix = "full_ft" if which == "full" else "lora"
        for key, factor, name in (("optimizer", 0.5, "optimizer-one-state"), ("optimizer", 0, "optimizer-missing"), ("gradients", 0, "gradients-missing")):  # fmt: skip
            if {"", which} & set(how[name]):
                parts[f"{prefix}_{key}"] *= factor
    for what in how["lora-trains-all"]:
        own = P if what == "beside adapters" else 0
        for part, amount in (("gradients", (N + own) * t), ("optimizer", 2 * (N + own) * moment)):
            if what in ("", "beside adapters", part):
                lora[f"lora_{part}"] = amount
    for what in how["lora-weights-reduced"]:
        lora["lora_weights"] = {
            "untargeted": N * b * (1 - ratio), "targeted": N * b * ratio, "minus adapters": (N - P) * b,
            "4 bits": N * 0.5, "8 bits": N * 1.0, "half": N * b / 2,
        }[what]  # fmt: skip
    if "0" in how["weights-missing-from-lora"]:
        lora["lora_weights"] = 0.0
    left_out = {f"{side}_{part}" for name, part in (("optimizer-missing", "optimizer"), ("gradients-missing", "gradients"))
                if "totals" in how[name] for side in ("full_ft", "lora")}  # fmt: skip
    left_out |= {"lora_adapters"} if how["adapters-missing-from-total"] else set()
    left_out |= {"lora_weights"} if "" in how["weights-missing-from-lora"] else set()
    full["full_ft_total"] = sum(value for key, value in full.items() if key not in left_out)
    lora["lora_total"] = sum(value for key, value in lora.items() if key not in left_out)
    r = lora["lora_total"] / full["full_ft_total"]
    r = 1 / r if how["ratio-inverted"] and r else r
    r = 1 - r if how["savings-instead-of-ratio"] else r
    r = 100 * r if "percent" in how["savings-instead-of-ratio"] else r
    gb = 2.0**30 if how["gib-not-gb"] else 1e9
    gb = 1e6 if "MB" in how["bytes-not-gb"] else 1.0 if how["bytes-not-gb"] else gb
    gb = 1.0 if "nor divided by GB" in how["billions-not-scaled"] else gb
    return {**{key: value / gb for key, value in (full | lora).items()}, "memory_savings_ratio": r}


def width(how: dict[str, list[str]], precision: str) -> float:
    """Bytes a parameter."""
    b = WIDTHS.get(precision, 4.0)
    for fixed in how["precision-ignored"]:
        b = float(fixed)
    for what in how["wrong-byte-width"]:
        if what == "in bits":
            b *= 8
        elif what == "halves 4":
            b = 4.0 if precision in ("float16", "bfloat16") else b
        elif what.split()[0] == precision:
            b = float(what.split()[1])
    return 1.0 if how["int4-one-byte"] and precision == "int4" else b


def agrees(seen: Seen, simulated: Any, wrong: frozenset[str]) -> bool:
    """Whether what was seen is what these mistakes show; P may be rounded down."""
    if seen.failure is not None:
        return bool(simulated == REFUSED) and seen.failure.type == REFUSED
    if isinstance(simulated, str):
        accepted = ("", "ZeroDivisionError")  # what a size of 0 leads to where it is not refused
        return "raised" in seen and (
            seen["raised"] in accepted if simulated == "" else bool(seen["raised"] == simulated)
        )
    got, missing = seen.values.get("values"), seen.values.get("missing")
    if not isinstance(got, dict) or bool(missing) != ("missing-keys" in wrong):
        return False
    return all(
        type(got[key]) in (int, float) and near(float(got[key]), simulated[key], simulated[key] * (1 - 1e-5))
        for key in KEYS
        if key in got
    )


naming = Naming(
    {name: Mistake(name, title, hint) for name, (title, hint) in MISTAKES.items()},
    VARIANTS,
    TELLING,
    by_simulation(simulate, agrees),
)
