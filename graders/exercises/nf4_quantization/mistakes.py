"""Known mistakes of exercise 4, executable: the contract's two functions with one thing changed."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, Experiment, Mistake, Naming, Seen, by_simulation
from graders.exercises.nf4_quantization.dequantization import dequantize
from graders.exercises.nf4_quantization.quantization import quantize
from graders.exercises.nf4_quantization.tensors import LEVELS

# Each may be made in several ways; each way is a variant, `id` or `id: how`.
MISTAKES = {
    "uniform-levels": ("The levels are evenly spaced", "Compare your 16 levels with NF4_LEVELS: why are they not evenly spaced?"),
    "symmetric-levels": ("The levels are mirrored", "How many NF4 levels are negative, how many positive, and which one is 0?"),
    "levels-misordered": ("The levels stand in another order", "In which order do the codes 0 to 15 count the levels?"),
    "tensor-wide-scale": ("One scale serves the whole tensor", "How many scales belong to a tensor of two blocks?"),
    "signed-max-scale": ("The scale keeps a sign", "What is the scale of a block whose largest value is negative?"),
    "std-scale": ("The scale is a standard deviation", "Into which interval must value / scale fall for every value?"),
    "minmax-scale": ("The scale is the range from smallest to largest", "Does the scale of the text use the smallest value at all?"),
    "row-blocks": ("Blocks start anew in every row", "In which order are the values of a matrix read, and where does a block end?"),
    "floor-not-nearest": ("The code is that of the level below", "Which of the two neighbouring levels should a value take?"),
    "midpoint-in-index-space": ("The code comes from an even grid", "Is the distance between two neighbouring levels always the same?"),
    "zero-block-nan": ("A block of zeros does not get code 7", "What is value / scale when all values are 0?"),
    "partial-block-dropped": ("A shorter last block is left out", "What happens to the last values when the count is no multiple of block_size?"),
    "partial-block-padding-counted": ("Padding counts as values", "Which values does a shorter last block have, and which do you add to it?"),
    "shape-lost": ("The codes lose the tensor's shape", "Compare the shape of your codes with that of the tensor."),
    "signed-codes": ("The codes are signed", "Which dtype should the codes have, and which numbers?"),
    "returns-values-not-codes": ("Levels are returned in place of codes", "Is a code a level, or the number of a level?"),
    "scale-not-multiplied-back": ("The scale is not multiplied back", "Quantizing divides by the scale. What undoes it?"),
    "scale-inverted": ("The scale is upside down", "Multiply or divide: what undoes value / scale?"),
    "block-size-ignored": ("block_size has no influence", "Call your function with two block sizes: how many scales should each give?"),
    "input-modified": ("The input is changed", "Print the tensor before and after the call."),
    "low-precision-scale": ("The scales are rounded to 16 bits", "Which dtype should the scales have, from the beginning?"),
    "dequantize-wrong-dtype": ("The result has another dtype than float32", "Print the dtype of what dequantize_nf4 returns."),
}  # fmt: skip

NEGATIVE, POSITIVE = LEVELS[:8], LEVELS[8:]  # -1 to 0, and the rest up to 1
TABLES = {
    "uniform-levels": torch.linspace(-1, 1, 16, dtype=torch.float64),
    "uniform-levels: halves": torch.cat([torch.linspace(-1, 0, 8), torch.linspace(0, 1, 9)[1:]]).to(
        torch.float64
    ),
    "symmetric-levels: positive": torch.cat([-POSITIVE.flip(0), POSITIVE]),
    "symmetric-levels: negative": torch.cat([NEGATIVE, -NEGATIVE.flip(0)]),
    "levels-misordered: descending": LEVELS.flip(0),
    "levels-misordered: by magnitude": LEVELS[LEVELS.abs().argsort(stable=True)],
    **{
        f"levels-misordered: {i} and {i + 1}": LEVELS[[*range(i), i + 1, i, *range(i + 2, 16)]]
        for i in range(15)
    },
}
SCALES = (
    "tensor-wide-scale", "tensor-wide-scale: one", "tensor-wide-scale: codes", "signed-max-scale", "signed-max-scale: largest", "std-scale", "std-scale: biased",
    "std-scale: rms", "std-scale: 3 rms", "std-scale: 2", "std-scale: 3", "minmax-scale", "minmax-scale: half", "minmax-scale: affine",
    "scale-inverted: both", "low-precision-scale: float16", "low-precision-scale: bfloat16",
    "low-precision-scale: float16 as float32", "low-precision-scale: bfloat16 as float32",
)  # fmt: skip
VARIANTS = (
    *TABLES, *SCALES, "row-blocks", "floor-not-nearest", "midpoint-in-index-space", "midpoint-in-index-space: floor",
    "midpoint-in-index-space: halves", "zero-block-nan: 0", "zero-block-nan: 15",
    "partial-block-dropped: zeros", "partial-block-dropped: sevens", "partial-block-dropped: short", "partial-block-dropped: dequantize",
    "partial-block-padding-counted: ones", "partial-block-padding-counted: resized", "partial-block-padding-counted: codes", "shape-lost", "shape-lost: squeezed", "signed-codes: int8", "signed-codes: -8", "signed-codes: -7",
    "returns-values-not-codes", "returns-values-not-codes: scaled", "scale-not-multiplied-back", "scale-inverted",
    "block-size-ignored", "block-size-ignored: quantize", "block-size-ignored: dequantize", "input-modified",
    *(f"dequantize-wrong-dtype: {name}" for name in ("float64", "float16", "bfloat16")),
)  # fmt: skip


def case_of(experiment: Experiment, **changes: Any) -> tuple[Experiment, Case]:
    """A telling case."""
    return experiment, {**experiment.base, "seed": 12345, **changes}


SMALL_LAST_BLOCK = 9  # a seed under which the last block's values are well below 1
TELLING = (
    case_of(quantize, shape=[2, 64]),
    case_of(quantize, shape=[4, 96]),
    case_of(quantize, shape=[2, 2, 64]),
    case_of(quantize, shape=[1, 128]),
    case_of(quantize, shape=[100]),
    case_of(quantize, shape=[100], values="levels", seed=SMALL_LAST_BLOCK),
    case_of(quantize, shape=[3, 50]),
    case_of(quantize, shape=[6, 32], block_size=16),
    case_of(dequantize, shape=[6, 32], block_size=16, scales="normal"),
    case_of(quantize, shape=[8, 64], values="blocks"),
    case_of(quantize, values="zeros"),
    case_of(dequantize, shape=[2, 64], scales="normal"),
    case_of(dequantize, shape=[4, 96], scales="normal"),
    case_of(dequantize, shape=[3, 50], scales="normal"),
)


def simulate(wrong: frozenset[str], experiment: Experiment, case: Case) -> Any:
    """What functions with these variants show: tensors by name; None where anything may come."""
    how = {name: [v.partition(": ")[2] for v in wrong if v.partition(": ")[0] == name] for name in MISTAKES}
    table = next((TABLES[variant] for variant in wrong if variant in TABLES), LEVELS)
    sent = experiment.arguments(case)
    other_zero = table is not LEVELS or how["midpoint-in-index-space"]
    if experiment is quantize and case["values"] in ("zeros", "blocks") and other_zero:
        return None
    if experiment is quantize:
        codes, scales = quantized(how, table, sent["tensor"].to(torch.float64), sent["block_size"])
        return {"codes": codes, "scales": scales, "tensor": sent["tensor"]}
    return dequantized(how, table, sent["codes"], sent["scales"], sent["block_size"])


def quantized(how: dict[str, list[str]], table: Tensor, tensor: Tensor, block: int) -> tuple[Tensor, Tensor]:
    """Codes and scales, with the mistakes."""
    block = 64 if {"", "quantize"} & set(how["block-size-ignored"]) else block
    rows = tensor.reshape(-1, tensor.shape[-1]) if how["row-blocks"] else tensor.reshape(1, -1)
    pieces = [piece for row in rows for piece in row.split(block)]
    dropped = set(how["partial-block-dropped"]) - {"dequantize"}
    whole = [piece for piece in pieces if len(piece) == block or not dropped]
    if whole and len(whole[-1]) < block:
        short = whole[-1]
        for what in how["partial-block-padding-counted"]:
            from_start = tensor.reshape(-1)[torch.arange(block - len(short)) % tensor.numel()]
            fill = {"ones": torch.ones(block - len(short)), "resized": from_start}.get(
                what, torch.zeros(block - len(short))
            )
            whole[-1] = torch.cat([short, fill])
    codes, scales = [], []
    for piece in whole:
        scale, ratio = scale_of(how, piece, tensor)
        code = codes_of(how, table, ratio) if scale else zero_codes(how, piece)
        given = table[code.long()] * (scale if "scaled" in how["returns-values-not-codes"] else 1)
        codes.append(given if how["returns-values-not-codes"] else code)
        scales.append(1 / scale if "both" in how["scale-inverted"] and scale else scale)
    flat = torch.cat(codes) if codes else torch.zeros(0)
    if flat.numel() > tensor.numel() and "codes" not in how["partial-block-padding-counted"]:
        flat = flat[: tensor.numel()]
    rest = tensor.numel() - flat.numel()
    for what in dropped:
        if what != "short":
            flat = torch.cat([flat, torch.full((rest,), 7.0 if what == "sevens" else 0.0)])
    shaped = flat.reshape(tensor.shape) if flat.numel() == tensor.numel() else flat
    for what in how["shape-lost"]:
        shaped = shaped.squeeze() if what == "squeezed" else flat
    dtype = torch.float32 if how["returns-values-not-codes"] else torch.uint8
    for what in how["signed-codes"]:
        shaped, dtype = shaped - {"-8": 8, "-7": 7}.get(what, 0), torch.int8
    kept = torch.tensor(scales[:1] if "one" in how["tensor-wide-scale"] else scales, dtype=torch.float64)
    for what in how["low-precision-scale"]:
        small = torch.float16 if what.startswith("float16") else torch.bfloat16
        return shaped.to(dtype), kept.to(small).to(torch.float32 if "float32" in what else small)
    return shaped.to(dtype), kept.to(torch.float32)


def scale_of(how: dict[str, list[str]], piece: Tensor, tensor: Tensor) -> tuple[float, Tensor]:
    """A block's scale, and its values divided by it."""
    scale = float(piece.abs().max())
    if how["tensor-wide-scale"]:
        scale = float(tensor.abs().max())
    if "codes" in how["tensor-wide-scale"]:
        return float(piece.abs().max()), piece / scale if scale else piece
    for what in how["signed-max-scale"]:
        scale = float(piece.max() if what == "largest" else piece[piece.abs().argmax()])
    for what in how["std-scale"]:
        rms = math.sqrt(float((piece**2).mean()))
        biased = float(piece.std(correction=0))
        std = float(piece.std()) if len(piece) > 1 else biased
        scale = {"biased": biased, "rms": rms, "3 rms": 3 * rms, "2": 2 * std, "3": 3 * std}.get(what, std)
    for what in how["minmax-scale"]:
        span = float(piece.max() - piece.min())
        scale = span / 2 if what == "half" else span
        if what == "affine" and span:
            return span, 2 * (piece - piece.min()) / span - 1
    return scale, piece / scale if scale else piece


def codes_of(how: dict[str, list[str]], table: Tensor, ratio: Tensor) -> Tensor:
    """The codes of values that were divided by their scale."""
    if how["floor-not-nearest"]:
        return ((table <= ratio[:, None] + 1e-12).sum(1) - 1).clamp(min=0).to(torch.float64)
    for what in how["midpoint-in-index-space"]:
        if what == "halves":
            return (torch.where(ratio < 0, 7 * ratio, 8 * ratio) + 7).round().clamp(0, 15)
        even = (ratio + 1) / 2 * 15
        return (even.floor() if what == "floor" else even.round()).clamp(0, 15)
    return (ratio[:, None] - table).abs().argmin(1).to(torch.float64)


def zero_codes(how: dict[str, list[str]], piece: Tensor) -> Tensor:
    """The codes of a block whose scale is 0."""
    return torch.full((len(piece),), float(how["zero-block-nan"][0]) if how["zero-block-nan"] else 7.0)


def dequantized(how: dict[str, list[str]], table: Tensor, codes: Tensor, scales: Tensor, block: int) -> Any:
    """What dequantize_nf4 shows with the mistakes; None where it follows from nothing."""
    if how["returns-values-not-codes"] or {"-8", "-7"} & set(how["signed-codes"]):
        return None
    if "affine" in how["minmax-scale"] or "one" in how["tensor-wide-scale"]:
        return None
    dropped = how["partial-block-dropped"]
    if how["row-blocks"] and codes.shape[-1] % block:
        return None
    if dropped and "dequantize" not in dropped and codes.numel() % block:
        return None
    block = 64 if {"", "dequantize"} & set(how["block-size-ignored"]) else block
    number = torch.arange(codes.numel()) // block
    if len(scales) <= int(number.max()):
        return None
    scale = scales.to(torch.float64)[number]
    if how["scale-inverted"]:
        scale = 1 / scale
    if how["scale-not-multiplied-back"]:
        scale = torch.ones_like(scale)
    if "dequantize" in dropped:
        scale[codes.numel() // block * block :] = 0
    values = (table[codes.reshape(-1).long()] * scale).reshape(codes.shape)
    dtype = next((getattr(torch, name) for name in how["dequantize-wrong-dtype"]), torch.float32)
    return {"values": values.to(dtype), "any shape": bool(how["shape-lost"])}


def agrees(seen: Seen, simulated: Any, wrong: frozenset[str]) -> bool:
    """Whether what was seen is what these mistakes show."""
    if simulated is None:
        return True
    if seen.failure is not None:
        return False
    if "values" in simulated:
        got, want = seen.values.get("values"), simulated["values"]
        if isinstance(got, Tensor) and simulated["any shape"] and got.numel() == want.numel():
            got = got.reshape(want.shape)
        return alike(got, want, 2.0**-7 if want.dtype in (torch.float16, torch.bfloat16) else 1e-5)
    tensor = seen.values.get("tensor")
    changed = not (isinstance(tensor, Tensor) and torch.equal(tensor, simulated["tensor"]))
    if changed and "input-modified" not in wrong:
        return False
    codes, scales = seen.values.get("codes"), seen.values.get("scales")
    rough = any(variant.startswith("low-precision-scale") for variant in wrong)
    return alike(scales, simulated["scales"], 1e-5) and same_codes(codes, simulated["codes"], rough)


def alike(got: Any, want: Tensor, relative: float) -> bool:
    """Two tensors of one shape and dtype, equal to a relative bound."""
    if not isinstance(got, Tensor) or got.shape != want.shape or got.dtype != want.dtype:
        return False
    return bool(torch.allclose(got.to(torch.float64), want.to(torch.float64), rtol=relative, atol=1e-30))


def same_codes(got: Any, want: Tensor, rough: bool) -> bool:
    """Equal codes; where scales are rough, one of 20 may be a neighbour."""
    if want.dtype.is_floating_point or not rough:
        return alike(got, want, 1e-5)
    if not isinstance(got, Tensor) or got.shape != want.shape or got.dtype != want.dtype:
        return False
    difference = (got.to(torch.int64) - want.to(torch.int64)).abs()
    return int(difference.max()) <= 1 and int(difference.sum()) * 20 <= difference.numel() + 20


naming = Naming(
    {name: Mistake(name, title, hint) for name, (title, hint) in MISTAKES.items()},
    VARIANTS,
    TELLING,
    by_simulation(simulate, agrees),
)
