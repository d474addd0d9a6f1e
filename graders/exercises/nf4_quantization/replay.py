"""Python that shows a failing case of exercise 4 again: the tensor, the call, and what the claim is about."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from graders import claims
from graders.exercise import Case, Experiment, Seen, Violation
from graders.exercises.nf4_quantization.dequantization import ZEROED, dequantize
from graders.exercises.nf4_quantization.quantization import quantize
from graders.exercises.nf4_quantization.tensors import AWAY, LEVELS, TIE, blocks_of, far_exponents
from graders.replay import (
    DIGITS,
    WRITTEN,
    Line,
    call_source,
    contents_source,
    earlier,
    ending,
    form,
    listed,
    script,
    tensor_source,
)

MOST_POSITIONS = 8
LEVELS_BEFORE = "dequantize_nf4(torch.arange(16).repeat(4).byte(), torch.tensor([2.0]))"


def replay(experiment: Experiment, case: Case, property_id: str, violation: Violation, notebook: bool) -> str:
    """The script of one failed claim."""
    about_quantize = experiment is quantize
    lines = (
        quantize_lines(case, property_id, violation) if about_quantize else dequantize_lines(case, violation)
    )
    names = ["quantize_nf4"] if about_quantize else ["dequantize_nf4"]
    others = (
        []
        if about_quantize or case["call"] != "positional"
        else ["quantize_nf4(torch.ones(96).bfloat16(), 3)"]
    )
    if others:
        names = ["quantize_nf4", *names]
    if violation.kind == "violated":
        others.append("quantize_nf4(torch.randn(2, 64))" if about_quantize else LEVELS_BEFORE)
    lines = [*map(earlier, others), *lines]
    return script("nf4_quantization", names, lines, notebook)


def quantize_lines(case: Case, property_id: str, violation: Violation) -> list[Line]:
    """The tensor, laid out in memory as it was, the call, and the codes or scales."""
    sent = quantize.arguments(case)
    tensor, kind = sent["tensor"], case["values"]
    spread = 7 if tensor.dtype == torch.float16 else 20
    made = ""
    if kind in claims.KINDS:
        made = contents_source(kind, case["shape"], case["seed"], 0, spread, dtype=tensor.dtype)
    elif kind == "far":
        made = far_source(case, sent["block_size"], tensor.dtype)
    lines: list[Line] = [f"x = {tensor_source(tensor, made)}"]
    lines += laid_out("x", case)
    called = call_source("quantize_nf4", ["x"], {"block_size": sent["block_size"]}, case["call"])
    if sent["ones before"]:
        lines.append(
            f"{called.replace('(x', '(torch.ones_like(x)', 1)}  # the judge, too, calls it with ones first"
        )
    if violation.kind != "violated":
        return [*lines, called]
    if "called again" in violation.message:
        lines += [f"codes = {called}[0]", "first = codes.clone()", called.replace("(x", "(-x", 1)]
        return [
            *lines,
            *ending('"codes that changed:", (codes != first).sum().item()', '"codes that changed:", 0'),
        ]
    if "after its values were changed" in violation.message:
        again = called.replace("(x", "(x.clone()", 1)
        first: list[Line] = [called, "x.neg_()"]
        return [
            *lines, *first, f"codes, right = {called}[0].flatten(), {again}[0].flatten()", "at = (codes != right).nonzero().flatten()[:8]",
            *ending("codes[at].tolist()", "right[at].tolist()"),
        ]  # fmt: skip
    if violation.expected == "a pair":
        words = '"a pair:"'
        pair = "isinstance(result, (tuple, list)) and len(result) == 2"
        return [*lines, f"result = {called}", *ending(f"{words}, {pair}", f"{words}, True")]
    if property_id == "unchanged":
        return [*lines, "before = x.clone()", called, *changed("x", violation)]
    if violation.expected == "no warning":
        return [*lines[:-1], *warned(called)]
    lines.append(f"codes, scales = {called}")
    return [*lines, *about_result(case, violation)]


def laid_out(name: str, case: Case) -> list[Line]:
    """The same values in another memory layout, as the probe makes it."""
    if case["layout"] == "transposed" and len(case["shape"]) >= 2:
        return [
            f"{name} = {name}.transpose(0, -1).contiguous().transpose(0, -1)  # same values, not contiguous"
        ]
    if case["layout"] == "channels last" and len(case["shape"]) == 4:
        return [
            f"{name} = {name}.contiguous(memory_format=torch.channels_last)  # same values, not contiguous"
        ]
    if case["layout"] == "slice" and case["shape"]:
        return [
            f"{name} = torch.cat([torch.ones(5).to({name}), {name}.flatten()])[5:].reshape({name}.shape)  # the end of a longer one"
        ]
    if case["layout"] == "strided" and case["shape"]:
        return [
            f"{name} = torch.stack([{name}, {name} * 0], dim=-1).flatten(-2)[..., ::2]  # same values, not contiguous"
        ]
    return []


def far_source(case: Case, block: int, dtype: torch.dtype) -> str:
    """The expression of `make_tensor` for blocks that are tiny or huge."""
    count, shape = math.prod(case["shape"]), tuple(case["shape"])
    blocks = max(1, -(-count // block))
    rng = f"(rng := Generator(Philox(key=[{case['seed']}, 1])))"
    some = far_exponents(dtype)
    exponents = (
        f"[*rng.choice({some}, {blocks - 2}), *rng.permutation({some})]"
        if blocks > 1
        else f"rng.choice({some}, 1)"
    )
    sizes = f"exp2({exponents}).repeat({block})[:{count}]"
    reshaped = "" if len(shape) == 1 else f".reshape({shape})"
    numbers = f"((n := {rng}.standard_normal({count})) + copysign({AWAY}, n))"
    return f"torch.tensor({numbers} * {sizes}).to({dtype}){reshaped}"


def warned(called: str) -> list[Line]:
    """The kinds of warnings that a call gives, without those that it gives with ones."""
    return [
        "def kinds(tensor):", "    with warnings.catch_warnings(record=True) as caught:", '        warnings.simplefilter("always")',
        f"        {called.replace('(x', '(tensor', 1)}", "    return {item.category.__name__ for item in caught}",
        "usual = kinds(torch.ones_like(x))", *ending('"warnings:", sorted(kinds(x) - usual)', '"warnings:", []'),
    ]  # fmt: skip


def about_result(case: Case, violation: Violation) -> list[str]:
    """Form, range or values of codes or scales: where they are many, at the first places that are wrong."""
    name = "scales" if "scale" in violation.message.split(" ")[0].lower() else "codes"
    if wrong := form(name, violation):
        return wrong
    want, got = violation.expected, violation.observed
    if want == "0 to 15":
        return ending(
            '"largest code at most 15:", int(codes.max()) <= 15', '"largest code at most 15:", True'
        )
    if not isinstance(want, Tensor):  # a block of zeros
        sent = quantize.arguments(case)
        largest, number = blocks_of(sent["tensor"].reshape(-1), sent["block_size"])
        zero = largest == 0
        if "scale" in violation.message:
            return values_at("scales", _places(zero), torch.zeros_like(largest))
        return values_at("codes", _places(zero[number]), torch.full_like(number, 7))
    if name == "scales" or want.is_floating_point():
        want = quantize.oracle(case, Seen({}))["largest"]
        wrong_scales = (want - got).abs().nan_to_num(math.inf) > want * 2.0**-22
        return values_at("scales", _places(wrong_scales), want)
    return values_at("codes", _places(wrong_codes(case, got)), want)


def wrong_codes(case: Case, codes: Tensor) -> Tensor:
    """Where a code is none of a nearest level."""
    want = quantize.oracle(case, Seen({}))
    largest = want["largest"][want["number"]]
    ratio = torch.where(largest > 0, want["flat"] / largest, 0.0)
    best = (ratio[:, None] - LEVELS).abs().min(1).values
    return (ratio - LEVELS[codes.reshape(-1).long()]).abs() > best + TIE


def dequantize_lines(case: Case, violation: Violation) -> list[Line]:
    """Codes and scales, the call, and the values that are wrong."""
    sent = dequantize.arguments(case)
    codes, scales, block = sent["codes"], sent["scales"], sent["block_size"]
    kind = case["scales"]
    written_out = kind in ZEROED or case["codes"] == "constant"
    count = math.prod(case["shape"])
    made = f"Generator(Philox(key=[{case['seed']}, 2])).integers(0, 16, {count})"
    shape = "" if len(case["shape"]) == 1 else f".reshape({tuple(case['shape'])})"
    codes_text = tensor_source(codes)
    if codes.numel() > WRITTEN and not written_out:
        codes_text = f"torch.tensor({made}, dtype=torch.uint8){shape}"
    made_scales = ""
    if kind not in ZEROED:
        made_scales = contents_source(kind, scales.shape, case["seed"], 3, change="abs({})")
    lines: list[Line] = [
        f"codes = {codes_text}",
        f"scales = {tensor_source(scales, made_scales)}",
        *laid_out("codes", case),
    ]
    called = call_source("dequantize_nf4", ["codes", "scales"], {"block_size": block}, case["call"])
    if violation.kind != "violated":
        return [*lines, called]
    name = violation.message.split(" ")[0]
    if name in ("codes", "scales"):
        return [*lines, f"before = {name}.clone()", called, *changed(name, violation)]
    if "called again" in violation.message:
        again = called.replace("scales", "2 * scales", 1)
        changed_values = '"values that changed:", (values != first).sum().item()', '"values that changed:", 0'
        return [*lines, f"values = {called}", "first = values.clone()", again, *ending(*changed_values)]
    if "has no dimensions" in violation.message:
        levels = "dequantize_nf4(torch.arange(16).repeat(4).byte(), torch.tensor([1.0]))[:16].tolist()"
        return [*lines, f"before = {levels}", called, *ending(levels, "before")]
    lines.append(f"values = {called}")
    if wrong := form("values", violation):
        return [*lines, *wrong]
    want = dequantize.oracle(case, Seen({}))["values"].reshape(-1)
    got = violation.observed.to(torch.float64).reshape(-1)
    bad = (want - got).abs().nan_to_num(math.inf) > want.abs() * 2.0**-21
    return [*lines, *values_at("values", _places(bad), want)]


def changed(name: str, violation: Violation) -> list[str]:
    """An argument after the call and before it, where it differs."""
    want, got = violation.expected, violation.observed
    if isinstance(want, Tensor) and isinstance(got, Tensor) and want.shape == got.shape:
        return ending(
            f'"values of {name} that changed:", ({name} != before).sum().item()',
            f'"values of {name} that changed:", 0',
        )
    return ending(
        f'"{name}", {name}.dtype, tuple({name}.shape)', f'"{name}", before.dtype, tuple(before.shape)'
    )


def values_at(name: str, places: Sequence[int], want: Tensor) -> list[str]:
    """The values at some places of the flattened tensor."""
    at = list(places)
    numbers = [want.flatten()[place].item() for place in at]
    expected = [float(f"{number:.{DIGITS}g}") if isinstance(number, float) else number for number in numbers]
    rounded = f"[float(f'{{v:.{DIGITS}g}}') for v in {name}.flatten()[{at}].tolist()]"
    yours = rounded if want.is_floating_point() else f"{name}.flatten()[{at}].tolist()"
    where = f'"{name} at {at}:"' if want.numel() > 1 else f'"{name}:"'
    return ending(f"{where}, {yours}", f"{where}, {listed(expected)}")


def _places(bad: Tensor) -> list[int]:
    """The first places that are wrong."""
    return [int(place) for place in bad.reshape(-1).nonzero().flatten()[:MOST_POSITIONS]]
