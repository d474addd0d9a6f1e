"""The recorded cases of `add_lora_to_model_selective` and `compare_target_modules`.

Of a comparison nothing is recorded but what has to hold whatever the optimizer: losses are held against each other.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, Seen
from graders.exercises.selective_injection.comparison_case import CALL_SECONDS, Compare
from graders.exercises.selective_injection.injection_case import LEAVES_OUT, inject, twin_of
from graders.exercises.selective_injection.injection_expected import Expected, alpha_of, rank_of
from graders.exercises.selective_injection.models import ALL_SEVEN, DEFAULT_TARGETS, OTHER_KINDS
from graders.kit.recording import Fact, Recorded, drawn, fact, record

INJECT, COMPARE = "add_lora_to_model_selective", "compare_target_modules"
STEPS = (
    INJECT,
    f"{INJECT} (with all arguments written out too)",
    "the model's forward pass after injection",
    "copying values into the factors",
    "the model's forward pass",
    "backward",
    f"{INJECT} on the lab's block",
    COMPARE,
)
FOUND = ("wraps_targets",)
WAITS: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(
        ("empty_list", "only_linear", "rest_frozen", "factors_trainable", "rank", "own_factors", "keeps_pretrained"), FOUND
    ),
    "returns_same_model": FOUND,
    "untargeted_stay": FOUND,
    "scaling": ("rank", "own_factors", "keeps_pretrained"),
    "default_arguments": ("rank", "scaling"),
    **dict.fromkeys(
        ("counts", "epochs", "same_setting", "same_start", "same_data", "independent", "trains", "trains_only_adapters"),
        ("entries",),
    ),
    "independent": ("entries", "same_start", "same_data"),
}  # fmt: skip
INJECTIONS: tuple[dict[str, Any], ...] = (
    {},
    {"targets": ["up_proj"], "rank": 3, "alpha": 6},
    {"targets": ["v_proj", "up_proj"], "rank": 1, "alpha": 0.5, "bias": "none", "call": "positional"},
    {"targets": DEFAULT_TARGETS, "rank": 4, "alpha": 2},
    {"model": "nested", "bias": "some"},
    {"model": "nested", "targets": ["up_proj", "down_proj"], "rank": 5, "alpha": 1},
    {"model": "nested", "targets": ALL_SEVEN, "rank": 2, "alpha": 3.0},
    {"model": "layers", "targets": ["q_proj"], "rank": 8},
    {"model": "layers", "targets": ["v_proj", "up_proj"], "bias": "none"},
    {"model": "deep", "targets": ["q_proj", "up_proj"], "rank": 3, "bias": "some"},
    {"model": "mixed", "targets": ["q_proj", "v_proj", "up_proj"]},
    {"model": "mixed", "targets": ALL_SEVEN},
    {"model": "others", "targets": ["q_proj", "v_proj"], "rank": 3},
    {"targets": None},
    {"model": "nested", "targets": None, "call": "defaults"},
    {"model": "layers", "targets": ["up_proj"], "call": "defaults"},
    {"targets": ["up_proj"], "call": "without alpha", "rank": 2},
    {"model": "nested", "targets": ["q_proj"], "call": "without rank", "alpha": 24},
    {"model": "names", "targets": ["q_proj", "k_proj"], "rank": 3},
    {"model": "names", "targets": ["v_proj", "up_proj"], "flags": "frozen"},
    {"targets": ["q_proj"], "rank": 40},
    {"model": "inner", "targets": ["layer", "fc", "linear"]},
    {"targets": []},
    {"model": "nested", "targets": []},
    {"model": "block", "targets": ["q_proj", "v_proj"], "rank": 4},
    {"model": "block", "targets": ALL_SEVEN},
)


class ShortCompare(Compare):
    """Three short calls: a configuration by itself and last of two, the other with more epochs."""

    base = {"calls": [["all"], ["qv", "all"], ["qv"]], "epochs": [6, 6, 12]}


def recorded() -> list[Recorded]:
    """The cases, plainest first."""
    injections = [
        record(inject, case, _facts(case), steps=STEPS, needs=(INJECT,), otherwise="only_linear")
        for case in (drawn(inject, changes) for changes in INJECTIONS)
    ]
    compare = ShortCompare()
    case = drawn(compare, {})
    facts = [fact("nothing", name, at, "the comparison") for at, name in COMPARISON.items()]
    comparison = record(
        compare,
        case,
        facts,
        steps=STEPS,
        needs=(INJECT, COMPARE),
        otherwise="entries",
        seconds=2 * CALL_SECONDS,
    )
    return [*injections, comparison]


COMPARISON = {
    "entries off": "entries",
    "epochs off": "epochs",
    "counts off": "counts",
    "setting off": "same_setting",
    "start off": "same_start",
    "data off": "same_data",
    "independent off": "independent",
    "trains off": "trains",
    "adapters off": "trains_only_adapters",
}


class Targeted(Expected):
    """The contract's word on a case, before anything was seen."""

    def __init__(self, case: Case) -> None:
        specs = inject.specs(case)
        names = ALL_SEVEN if specs is None else [spec["name"] for spec in specs]
        kinds = {} if specs is None else {spec["name"]: spec["kind"] for spec in specs}
        before = {name: [at, kinds.get(name, "linear") == "linear"] for at, name in enumerate(names)}
        super().__init__(case, specs, inject.inputs(case, specs), Seen({"modules before": before}))


def _facts(case: Case) -> Iterator[Fact]:
    want, targets = Targeted(case), case["targets"]
    about = f"with target_modules={targets}"
    told = {
        "missing": f"`{{}}` has no factors lora_A and lora_B, {about}",
        "extra": f"`{{}}` was wrapped, {about}",
    }
    if targets == []:
        yield fact("names", "empty_list", "layers", want=[], **told)
        return
    by_default = targets is None or case["call"] in LEAVES_OUT
    odd = case["model"] in OTHER_KINDS
    name = "default_arguments" if by_default else "only_linear" if odd else "wraps_targets"
    where = "linear layers" if odd else "layers"
    yield fact("names", name, where, want=sorted(want.wrapped), **told)
    if odd:
        says = f"`{{}}` is no `nn.Linear` and was wrapped, {about}"
        yield fact("nothing", "only_linear", "other layers", says=says)
    shapes = "default_arguments" if by_default else "rank"
    pairs = [(layer, want.sizes()[layer]) for layer in sorted(want.wrapped)]
    sizes = {
        f"{layer}: lora_{letter}": sorted([rank_of(case), size[at]])
        for layer, size in pairs
        for at, letter in enumerate("AB")
    }
    note = f"rank {rank_of(case)}"
    yield fact("table", shapes, "shapes", "The shape (sorted)", want=sizes, note=note)
    yield fact("nothing", "rest_frozen", "loose", says="`{}` is still trainable")
    yield fact("nothing", "factors_trainable", "stuck", says="`{}` is frozen")
    if not by_default:
        yield fact("something", "factors_trainable", "with gradient", says="No factor gets a gradient")
        says = "`{}` changed when the factors of another layer were set"
        yield fact("nothing", "own_factors", "overwritten", says=says)
    if case["call"] == "positional":
        name = "The change of the output when another model gets adapters"
        yield fact("within", "own_factors", "moved beside another", name, want=0.0, low=0.0, high=1e-4)
    if want.specs is None:
        says = "No factor of `{}` gets a gradient"
        yield fact("nothing", "factors_trainable", "not learning", says=says)
    result = "What add_lora_to_model_selective returned"
    same_model = "the model it was given"
    yield fact("one_of", "returns_same_model", "what was returned", result, values=[same_model])
    says = "`{}` is no longer the object that it was"
    yield fact("nothing", "only_linear" if odd else "untargeted_stay", "replaced", says=says)
    if not odd:
        yield from _outputs(case, want)


def _outputs(case: Case, want: Targeted) -> Iterator[Fact]:
    if want.specs is None:
        name = "The change of the block's output at injection"
        yield fact("within", "keeps_pretrained", "block moved", name, want=0.0, low=0.0, high=1e-4)
        return
    y, bound = want.outputs({})
    joined = "The layers' joined output"
    most = 2 * float(bound.max())
    yield fact(
        "close", "keeps_pretrained", "linear y after", joined, want=y, absolute=most, note="after injection"
    )
    several = [want.outputs(factors) for factors in _settings(case, want)]
    most = 2 * max(float(bound.max()) for _, bound in several)
    name = "default_arguments" if twin_of(case) is not None else "scaling"
    note = f"with factors set, alpha / rank = {alpha_of(case) / rank_of(case):g}"
    wants = [y for y, _ in several]
    yield fact("close", name, "linear y set", joined, wants=wants, absolute=most, note=note)


def _settings(case: Case, want: Targeted) -> Iterator[dict[str, tuple[Tensor, Tensor]]]:
    """The factors that the probe sets, (rank, in) and (out, rank), for each way to keep and to list them."""
    sizes, rank = want.sizes(), rank_of(case)
    for a_turned, b_turned, order in itertools.product((False, True), (False, True), ("AB", "BA")):
        generator = torch.Generator().manual_seed(inject.arguments(case)["factor seed"])
        factors: dict[str, tuple[Tensor, Tensor]] = {}
        for layer in sorted(want.wrapped):
            d_in, d_out = sizes[layer]
            shape = {
                "A": (d_in, rank) if a_turned else (rank, d_in),
                "B": (rank, d_out) if b_turned else (d_out, rank),
            }
            drawn_in = {letter: _whole(shape[letter], generator) for letter in order}
            A, B = drawn_in["A"], drawn_in["B"]
            factors[layer] = (A.T if a_turned else A, B.T if b_turned else B)
        yield factors


def _whole(shape: tuple[int, int], generator: torch.Generator) -> Tensor:
    """The small whole numbers that the probe sets."""
    return torch.randint(-3, 4, shape, generator=generator).to(torch.float32)
