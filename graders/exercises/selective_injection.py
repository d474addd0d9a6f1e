"""Exercise 2: LoRA in chosen layers of a model, and a comparison of choices."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders import claims
from graders.exercise import (
    NOT_APPLICABLE,
    Case,
    Exercise,
    Experiment,
    Failure,
    NotApplicable,
    NotSeen,
    Seen,
    Violation,
)
from graders.replay import script

exercise = Exercise(
    "selective_injection",
    "Selective injection",
    ("add_lora_to_model_selective", "compare_target_modules"),
    order=2,
)
Verdict = Violation | NotApplicable | None
DEFAULT_TARGETS = ["q_proj", "k_proj", "v_proj", "o_proj"]
ALL_SEVEN = [*DEFAULT_TARGETS, "gate_proj", "up_proj", "down_proj"]

# --- models: leaves by dotted name; containers on the way are listed before what they hold -------------------
# Names are chosen so that substring, dotted suffix and equality with the last component agree.

MODELS: dict[str, list[tuple[str, str]]] = {
    "flat": [("q_proj", "linear"), ("v_proj", "linear"), ("up_proj", "linear"), ("head", "linear"), ("norm", "norm"), ("start", "parameter")],
    "nested": [
        ("block", "node"), ("block.scale", "parameter"), ("block.attn", "node"), ("block.attn.q_proj", "linear"), ("block.attn.k_proj", "linear"),
        ("block.attn.v_proj", "linear"), ("block.attn.o_proj", "linear"), ("block.norm", "norm"), ("block.mlp", "node"),
        ("block.mlp.up_proj", "linear"), ("block.mlp.down_proj", "linear"), ("head", "linear"),
    ],
    "layers": [
        ("embed", "embedding"), ("layers", "list"), ("layers.0", "node"), ("layers.0.q_proj", "linear"), ("layers.0.v_proj", "linear"),
        ("layers.0.up_proj", "linear"), ("layers.1", "node"), ("layers.1.q_proj", "linear"), ("layers.1.v_proj", "linear"),
        ("layers.1.up_proj", "linear"), ("layers.1.norm", "norm"), ("final", "linear"),
    ],
    "deep": [
        ("model", "node"), ("model.decoder", "sequential"), ("model.decoder.0", "node"), ("model.decoder.0.inner", "dict"),
        ("model.decoder.0.inner.q_proj", "linear"), ("model.decoder.0.inner.v_proj", "linear"), ("model.decoder.0.inner.other", "linear"),
        ("model.decoder.1", "node"), ("model.decoder.1.part", "node"), ("model.decoder.1.part.q_proj", "linear"),
        ("model.decoder.1.part.up_proj", "linear"), ("model.decoder.1.part.norm", "norm"), ("model.head", "linear"),
    ],
    "others": [
        ("a", "node"), ("a.q_proj", "linear"), ("a.v_proj", "norm"), ("b", "node"), ("b.q_proj", "conv"), ("b.v_proj", "linear"),
        ("b.up_proj", "identity"), ("c", "node"), ("c.q_proj", "embedding"), ("c.up_proj", "linear"), ("c.k_proj", "norm"),
    ],
}  # fmt: skip
CONTAINERS = ("node", "list", "dict", "sequential")
TARGETS = (
    ["q_proj"],
    ["q_proj", "v_proj"],
    ["v_proj"],
    ["up_proj"],
    ["q_proj", "up_proj"],
    None,
    DEFAULT_TARGETS,
    ALL_SEVEN,
)


class Inject(Experiment):
    """Inject into one model."""

    id, probe = "inject", "inject"
    space = {
        "model": ("flat", "nested", "layers", "deep", "others"),
        "targets": TARGETS,
        "rank": (1, 2, 3, 4, 8),
        "alpha": (1, 2, 16, 0.5, 3.0),
        "call": ("keywords", "positional"),
        "bias": ("all", "none", "some"),
    }
    base = {
        "model": "flat",
        "targets": ["q_proj", "v_proj"],
        "rank": 2,
        "alpha": 16,
        "call": "keywords",
        "bias": "all",
    }
    cover = (
        {"model": "nested", "bias": "some"},
        {"model": "nested", "targets": ["up_proj", "down_proj"], "rank": 4},
        {"model": "nested", "targets": DEFAULT_TARGETS, "rank": 3},
        {"model": "layers", "targets": ["q_proj"], "alpha": 3.0},
        {"model": "layers", "targets": ["v_proj", "up_proj"], "rank": 1},
        {"model": "layers", "targets": ALL_SEVEN, "rank": 8, "alpha": 0.5},
        {"model": "deep", "bias": "none"},
        {"model": "deep", "targets": ["q_proj", "up_proj"], "call": "positional", "rank": 3},
        {"model": "others", "targets": ["q_proj"]},
        {"model": "others", "targets": ["v_proj", "up_proj"], "rank": 1},
        {"model": "others", "targets": DEFAULT_TARGETS},
        {"model": "nested", "targets": None},
        {"model": "flat", "targets": None, "call": "defaults"},
        {"model": "deep", "targets": None, "call": "defaults"},
        {"model": "nested", "targets": ["v_proj"], "call": "defaults"},
        {"model": "flat", "targets": []},
        {"model": "nested", "targets": [], "call": "positional"},
        {"model": "block", "targets": ["q_proj", "v_proj"]},
        {"model": "block", "targets": None, "call": "defaults"},
        {"model": "block", "targets": ALL_SEVEN, "rank": 4},
    )

    def specs(self, case: Case) -> list[dict[str, Any]] | None:
        """The model's modules, with sizes and weights; None for the lab's block."""
        if case["model"] == "block":
            return None
        rng = np.random.Generator(np.random.Philox(key=[case["seed"], 9]))
        specs: list[dict[str, Any]] = []
        for at, (name, kind) in enumerate(MODELS[case["model"]]):
            if kind in CONTAINERS:
                specs.append({"name": name, "kind": "container", "holds": kind})
                continue
            if kind == "parameter":
                specs.append({"name": name, "kind": kind})
                continue
            d_in, d_out = int(rng.integers(1, 7)), int(rng.integers(1, 7))
            bias = {"all": True, "none": False, "some": at % 2 == 0}[case["bias"]]
            spec: dict[str, Any] = {"name": name, "kind": kind, "in": d_in, "out": d_out, "bias": bias}
            if kind == "linear":
                spec["weight"] = claims.contents("normal", [d_out, d_in], case["seed"], 10 + at)
                if bias:
                    spec["bias"] = claims.contents("normal", [d_out], case["seed"], 40 + at)
                    spec["bias"], spec["has_bias"] = True, spec["bias"]
            specs.append(spec)
        return specs

    def arguments(self, case: Case) -> dict[str, Any]:
        specs = self.specs(case)
        sent = None if specs is None else [wire_spec(spec) for spec in specs]
        return {"specs": sent, "inputs": self.inputs(case, specs), "targets": case["targets"], "rank": rank_of(case),
                "alpha": alpha_of(case), "call": case["call"], "factor seed": case["seed"]}  # fmt: skip

    def inputs(self, case: Case, specs: list[dict[str, Any]] | None) -> list[Tensor]:
        """One input for each leaf (or the block's), float32."""
        if specs is None:
            return [claims.contents("normal", [2, 3, 16], case["seed"], 70).to(torch.float32)]
        made = []
        for at, spec in enumerate(leaves(specs)):
            if spec["kind"] == "embedding":
                made.append(torch.tensor([0, 3, 4]))
                continue
            shape = [2, spec["in"], 3] if spec["kind"] == "conv" else [3, spec["in"]]
            made.append(claims.contents("normal", shape, case["seed"], 70 + at).to(torch.float32))
        return made

    def oracle(self, case: Case, seen: Seen) -> Expected:
        return Expected(case, self.specs(case), self.inputs(case, self.specs(case)), seen)

    def blame(self, case: Case, failure: Failure) -> str:
        if failure.step == "copying values into the factors":
            return "rank"
        if failure.step == "backward":
            return "factors_trainable"
        if failure.step == "the model's forward pass":
            return "scaling"
        if case["targets"] == []:
            return "empty_list"
        if case["targets"] is None or case["call"] == "defaults":
            return "default_arguments"
        if case["model"] == "others":
            return "only_linear"
        return "wraps_targets" if failure.step in ("", "add_lora_to_model_selective") else "keeps_pretrained"

    def describe(self, case: Case) -> dict[str, Any]:
        names = [
            f"{name}: {LAYER_NAMES[kind]}"
            for name, kind in MODELS.get(case["model"], [])
            if kind not in CONTAINERS
        ]
        shown: dict[str, Any] = {
            "model": names or "SimpleTransformerBlock(16, 2)",
            "target_modules": case["targets"],
        }
        return (
            shown if case["call"] == "defaults" else {**shown, "rank": case["rank"], "alpha": case["alpha"]}
        )

    def reproduce(self, case: Case, property_id: str) -> str:
        return inject_script(case, self.specs(case))


LAYER_NAMES = {
    "linear": "Linear",
    "norm": "LayerNorm",
    "conv": "Conv1d",
    "embedding": "Embedding",
    "identity": "Identity",
    "parameter": "Parameter",
}


def wire_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec as the worker wants it: the tensors under the parameters' names."""
    sent = {key: item for key, item in spec.items() if key not in ("has_bias", "bias")}
    if spec["kind"] == "linear":
        sent["bias"] = spec.get("has_bias", False)
    return sent


def rank_of(case: Case) -> int:
    """The rank that the call uses."""
    return 8 if case["call"] == "defaults" else int(case["rank"])


def alpha_of(case: Case) -> float:
    """The alpha that the call uses."""
    return 16 if case["call"] == "defaults" else case["alpha"]


class Expected:
    """What the contract says of one case, beside what was seen."""

    def __init__(
        self, case: Case, specs: list[dict[str, Any]] | None, inputs: list[Tensor], seen: Seen
    ) -> None:
        self.case, self.specs, self.inputs = case, specs, inputs
        targets = DEFAULT_TARGETS if case["targets"] is None else case["targets"]
        before = seen["modules before"]
        self.linears = [name for name, (_, linear) in before.items() if linear]
        self.wrapped = [name for name in self.linears if name.rpartition(".")[2] in targets]
        self.places = {name: number for name, (number, _) in before.items()}

    def found(self, seen: Seen) -> dict[str, dict[str, str]]:
        """Layer name -> {"A": parameter name, "B": parameter name} of the factors that were seen."""
        layers: dict[str, dict[str, str]] = {}
        for name, entry in parameters(seen).items():
            if entry[2] in ("A", "B"):
                owner = owner_of(name, list(self.places))
                layers.setdefault(owner, {})[entry[2]] = name
        return layers

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Linear layer's name -> in, out. The block's MLP is twice as wide as the block."""
        if self.specs is None:
            d = 16
            wide = {"gate_proj": (d, 2 * d), "up_proj": (d, 2 * d), "down_proj": (2 * d, d)}
            return {name: wide.get(name, (d, d)) for name in self.linears}
        return {spec["name"]: (spec["in"], spec["out"]) for spec in self.specs if spec["kind"] == "linear"}

    def outputs(self, factors: dict[str, tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
        """The model's output with these factors by layer, joined as the model joins it, and its bound; float64."""
        assert self.specs is not None
        parts, bounds = [], []
        scale = alpha_of(self.case) / rank_of(self.case)
        for spec, x in zip(
            [spec for spec in self.specs if spec["kind"] == "linear"], self.linear_inputs(), strict=True
        ):
            W, x = spec["weight"], x.to(torch.float64)
            b = spec.get("has_bias", torch.zeros(spec["out"], dtype=torch.float64))
            y, size = x @ W.T + b, x.abs() @ W.abs().T + b.abs()
            if spec["name"] in factors:
                A, B = (factor.to(torch.float64) for factor in factors[spec["name"]])
                y, size = y + scale * x @ A.T @ B.T, size + scale * x.abs() @ A.abs().T @ B.abs().T
            parts.append(y.flatten())
            bounds.append((2.0**-23 * (spec["in"] + rank_of(self.case) + 4) + 2.0**-23) * size.flatten())
        return torch.cat(parts), torch.cat(bounds)

    def linear_inputs(self) -> list[Tensor]:
        """The inputs of the Linear layers."""
        assert self.specs is not None
        pairs = zip(leaves(self.specs), self.inputs, strict=True)
        return [x for spec, x in pairs if spec["kind"] == "linear"]

    def linear_part(self, y: Any) -> Tensor:
        """The Linear layers' share of the model's output. Raises NotSeen where the output has another length."""
        assert self.specs is not None
        sizes = [
            3 * spec["out"]
            if spec["kind"] == "linear"
            else 6 * spec["in"]
            if spec["kind"] == "conv"
            else 3 * spec["in"]
            for spec in leaves(self.specs)
        ]
        if not isinstance(y, Tensor) or y.numel() != sum(sizes):
            raise NotSeen("y")
        parts = torch.split(y.flatten().to(torch.float64), sizes)
        pairs = zip(leaves(self.specs), parts, strict=True)
        return torch.cat([part for spec, part in pairs if spec["kind"] == "linear"])


def leaves(specs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The layers among a model's specs: neither containers nor parameters of their own."""
    return [spec for spec in specs if spec["kind"] not in ("container", "parameter")]


def parameters(seen: Seen) -> dict[str, list[Any]]:
    """Name -> [shape, requires_grad, letter] of the model's parameters after injection."""
    entries = seen["parameters"]
    if not isinstance(entries, dict):
        raise NotSeen("parameters")
    return {name: entry for name, entry in entries.items() if isinstance(entry, list) and len(entry) == 3}


def owner_of(parameter: str, modules: list[str]) -> str:
    """The longest original module name that a parameter lies below."""
    return max((name for name in modules if name and parameter.startswith(f"{name}.")), key=len, default="")


def tensors(seen: Seen, name: str) -> dict[str, Tensor]:
    """A dict of tensors."""
    found = seen[name]
    if not isinstance(found, dict) or not all(isinstance(item, Tensor) for item in found.values()):
        raise NotSeen(name)
    return found


inject = Inject()


def ordinary(case: Case) -> bool:
    """A list of targets, rank and alpha given, and only Linear layers under the targeted names."""
    return bool(case["targets"]) and case["call"] != "defaults" and case["model"] != "others"


def _set_of_layers(seen: Seen, want: Expected) -> Violation | None:
    found = sorted(want.found(seen))
    missing = [name for name in want.wrapped if name not in found]
    extra = [name for name in found if name not in want.wrapped]
    targets = "None" if want.case["targets"] is None else want.case["targets"]
    if missing:
        return Violation(
            f"`{missing[0]}` has no factors lora_A and lora_B, with target_modules={targets}.",
            sorted(want.wrapped),
            found,
        )
    if extra:
        return Violation(
            f"`{extra[0] or 'the model'}` was wrapped, with target_modules={targets}.",
            sorted(want.wrapped),
            found,
        )
    return None


@exercise.claim(
    inject,
    points=3,
    sentence="Wraps in place every `nn.Linear` whose dotted name matches a pattern in `target_modules`, at any depth.",
)
def wraps_targets(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every Linear layer that matches is wrapped, at any depth, and no other."""
    return _set_of_layers(seen, want) if ordinary(case) else NOT_APPLICABLE


@exercise.claim(
    inject,
    points=2,
    sentence='`None` means `["q_proj", "k_proj", "v_proj", "o_proj"]`; `rank=8, alpha=16`.',
    waits_on=("wraps_targets",),
)
def default_arguments(case: Case, seen: Seen, want: Any) -> Verdict:
    """Without target_modules the four attention projections are wrapped; rank is 8, alpha 16."""
    if case["targets"] == [] or not (case["targets"] is None or case["call"] == "defaults"):
        return NOT_APPLICABLE
    wrong = _set_of_layers(seen, want) or _ranks(seen, want)
    if wrong or want.specs is None:
        return wrong
    if case["call"] != "defaults":
        return None
    return _output_with_factors(seen, want)


@exercise.claim(inject, points=1, sentence="An empty list means no layer.", waits_on=("wraps_targets",))
def empty_list(case: Case, seen: Seen, want: Any) -> Verdict:
    """An empty list wraps nothing."""
    return _set_of_layers(seen, want) if case["targets"] == [] else NOT_APPLICABLE


@exercise.claim(
    inject,
    points=2,
    sentence="Only `nn.Linear` layers are wrapped; a module of another kind with a matching name is left as it is.",
    waits_on=("wraps_targets",),
)
def only_linear(case: Case, seen: Seen, want: Any) -> Verdict:
    """Modules of other kinds are left as they are, whatever their name."""
    if case["model"] != "others" or not case["targets"]:
        return NOT_APPLICABLE
    return _set_of_layers(seen, want) or _same_objects(seen, want)


def _factors_seen(seen: Seen, want: Expected) -> dict[str, dict[str, str]]:
    layers = {name: pair for name, pair in want.found(seen).items() if len(pair) == 2}
    if not layers:
        raise NotSeen("factors")
    return layers


@exercise.claim(
    inject,
    points=3,
    sentence="On return the adapters' factors are the only trainable parameters of the whole model: norms, embeddings, untargeted layers and every bias are frozen.",
)
def rest_frozen(case: Case, seen: Seen, want: Any) -> Verdict:
    """Everything but the adapters' factors is frozen."""
    if case["targets"] == []:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    loose = [name for name, (_, trains, letter) in parameters(seen).items() if trains and not letter]
    return (
        Violation(f"`{loose[0]}` is still trainable.", "only the factors are trainable", loose)
        if loose
        else None
    )


@exercise.claim(inject, points=1, sentence="On return the adapters' factors are trainable.")
def factors_trainable(case: Case, seen: Seen, want: Any) -> Verdict:
    """The adapters' factors can be trained."""
    if case["targets"] == []:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    stuck = [name for name, (_, trains, letter) in parameters(seen).items() if letter and not trains]
    if stuck:
        return Violation(f"`{stuck[0]}` is frozen.", "every factor is trainable", stuck)
    if want.specs is None or "with gradient" not in seen:
        return None
    if not seen["with gradient"]:
        return Violation("No factor gets a gradient.", "gradients", "none")
    return None


def _ranks(seen: Seen, want: Expected) -> Violation | None:
    rank, sizes = rank_of(want.case), want.sizes()
    for name, (shape, _, letter) in parameters(seen).items():
        size = sizes.get(owner_of(name, list(want.places)))
        if letter and size and sorted(shape) != sorted([rank, size["AB".index(letter)]]):
            should = (rank, size[0]) if letter == "A" else (size[1], rank)
            return Violation(
                f"`{name}` has shape {tuple(shape)}, should be {should} for rank {rank}.",
                should,
                tuple(shape),
            )
    return None


@exercise.claim(inject, points=1, sentence="A wrapped layer has its own factors of the given rank.")
def rank(case: Case, seen: Seen, want: Any) -> Verdict:
    """The factors have the given rank."""
    if not case["targets"] or case["call"] == "defaults":
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    return _ranks(seen, want)


@exercise.claim(
    inject, points=1, sentence="A wrapped layer has its own factors.", waits_on=("wraps_targets",)
)
def own_factors(case: Case, seen: Seen, want: Any) -> Verdict:
    """No two layers share a factor."""
    if not ordinary(case) or len(want.wrapped) < 2:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    set_to, got = tensors(seen, "factors set"), tensors(seen, "factors")
    for name, value in set_to.items():
        if name not in got or not torch.equal(got[name], value):
            return Violation(
                f"`{name}` changed when the factors of another layer were set.", value, got.get(name)
            )
    return None


@exercise.claim(
    inject,
    points=2,
    sentence="A wrapped layer keeps the pretrained weight and bias. The model's output does not change at injection.",
)
def keeps_pretrained(case: Case, seen: Seen, want: Any) -> Verdict:
    """Injection leaves the model's output as it was."""
    if case["targets"] == [] or case["model"] == "others":
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    if want.specs is None:
        before = seen["y before"]
        if not isinstance(before, Tensor):
            raise NotSeen("y before")
        return claims.close(
            "the block's output", seen["y after"], before.to(torch.float64), 1e-4, "after injection"
        )
    y, bound = want.outputs({})
    return claims.close("the layers' outputs", want.linear_part(seen["y after"]), y, bound, "after injection")


def _output_with_factors(seen: Seen, want: Expected) -> Violation | None:
    layers = {name: pair for name, pair in want.found(seen).items() if len(pair) == 2}
    factors, set_to = tensors(seen, "factors"), tensors(seen, "factors set")
    if any(not torch.equal(factors[name], set_to[name]) for name in set_to if name in factors):
        raise NotSeen("factors of their own")
    if set(layers) != set(want.wrapped) or _ranks(seen, want):
        raise NotSeen("the right factors")
    pairs = {name: (factors[pair["A"]], factors[pair["B"]]) for name, pair in layers.items()}
    scale = alpha_of(want.case) / rank_of(want.case)
    note = f"with factors set, alpha / rank = {scale:g}"
    wrong = [
        claims.close("the layers' outputs", want.linear_part(seen["y set"]), *want.outputs(turned), note)
        for turned in orientations(pairs, want)
    ]
    return None if None in wrong else wrong[0]


def orientations(
    pairs: dict[str, tuple[Tensor, Tensor]], want: Expected
) -> list[dict[str, tuple[Tensor, Tensor]]]:
    """The factors as (rank, in) and (out, rank), in each way that their shapes allow: either may be kept transposed."""
    found, r, sizes = [], rank_of(want.case), want.sizes()
    for a_turned, b_turned in ((False, False), (True, True), (True, False), (False, True)):
        turned = {name: (A.T if a_turned else A, B.T if b_turned else B) for name, (A, B) in pairs.items()}
        if all(
            tuple(A.shape) == (r, sizes[name][0]) and tuple(B.shape) == (sizes[name][1], r)
            for name, (A, B) in turned.items()
        ):
            found.append(turned)
    if not found:
        raise NotSeen("factors of one form")
    return found


@exercise.claim(
    inject,
    points=2,
    sentence="A wrapped layer scales by `alpha / rank`.",
    waits_on=("wraps_targets", "rank", "keeps_pretrained"),
)
def scaling(case: Case, seen: Seen, want: Any) -> Verdict:
    """Wrapped layers add (alpha / rank) x A^T B^T."""
    if not ordinary(case) or want.specs is None:
        return NOT_APPLICABLE
    return _output_with_factors(seen, want)


@exercise.claim(
    inject, points=1, sentence="Wraps in place, and returns the same model.", waits_on=("wraps_targets",)
)
def returns_same_model(case: Case, seen: Seen, want: Any) -> Verdict:
    """The model that was given is changed and returned."""
    if seen["same model"] is True:
        return None
    got = seen["returned"]
    shown = "another model" if got == "a module" else str(got)[:60]
    return Violation(
        f"add_lora_to_model_selective returned {shown}, should be the model it was given.",
        "the same model",
        shown,
    )


def _same_objects(seen: Seen, want: Expected) -> Violation | None:
    after = seen["modules"]
    if not isinstance(after, dict):
        raise NotSeen("modules")
    for name, number in want.places.items():
        if name in want.wrapped or not name or any(name.startswith(f"{item}.") for item in want.wrapped):
            continue
        if after.get(name) != number:
            return Violation(
                f"`{name}` is no longer the object that it was.",
                "the same object",
                "another object" if name in after else "gone",
            )
    return None


@exercise.claim(
    inject,
    points=1,
    sentence="Untargeted modules are the same objects as before.",
    waits_on=("wraps_targets", "returns_same_model"),
)
def untargeted_stay(case: Case, seen: Seen, want: Any) -> Verdict:
    """Untargeted modules are the same objects as before."""
    return NOT_APPLICABLE if case["targets"] == [] or case["model"] == "others" else _same_objects(seen, want)


def inject_script(case: Case, specs: list[dict[str, Any]] | None) -> str:
    """The case as Python: the model's layers (untrained), the call, what was wrapped and what trains."""
    lines = ["from torch import nn", ""]
    if specs is None:
        lines = ["from lab import SimpleTransformerBlock", "", "model = SimpleTransformerBlock(16, 2)"]
    else:
        lines.append("model = nn.Module()")
        for spec in specs:
            parent, _, name = spec["name"].rpartition(".")
            if spec["kind"] == "parameter":
                lines.append(f"model.get_submodule({parent!r}).{name} = nn.Parameter(torch.ones(3))")
                continue
            made = {
                "node": "nn.Module()", "list": "nn.ModuleList()", "dict": "nn.ModuleDict()", "sequential": "nn.Sequential()",
                "linear": f"nn.Linear({spec.get('in')}, {spec.get('out')}, bias={bool(spec.get('bias'))})", "norm": f"nn.LayerNorm({spec.get('in')})",
                "conv": f"nn.Conv1d({spec.get('in')}, {spec.get('in')}, 1)", "embedding": f"nn.Embedding(5, {spec.get('in')})", "identity": "nn.Identity()",
            }[spec.get("holds", spec["kind"])]  # fmt: skip
            lines.append(f"model.get_submodule({parent!r}).add_module({name!r}, {made})")
    named = "" if case["call"] == "defaults" else f", rank={case['rank']}, alpha={case['alpha']}"
    targets = (
        ""
        if case["call"] == "defaults" and case["targets"] is None
        else f", target_modules={case['targets']!r}"
    )
    lines += [
        f"result = add_lora_to_model_selective(model{named}{targets})",
        'print("yours:    same model:", result is model)',
        "for name, p in model.named_parameters():",
        '    print("  ", name, tuple(p.shape), "trainable" if p.requires_grad else "frozen")',
        f'print("expected: same model; lora_A and lora_B of rank {rank_of(case)}, the only trainable ones, below the Linear layers that match")',
    ]
    return script("selective_injection", ["add_lora_to_model_selective"], lines)


# --- compare_target_modules --------------------------------------------------------------------------------

CONFIGS = {"qv": ["q_proj", "v_proj"], "qkvo": DEFAULT_TARGETS, "all": ALL_SEVEN}
EPOCHS, MORE_EPOCHS = 6, 12  # of the first two calls, of the third
LAST_THIRD = 1.05  # the mean loss of the last third may be this many times that of the first
DEFAULT_EPOCHS = 50
SAME_LOSS = 1e-4
SAME_START = 1e-4  # of the block's largest output: the wrapped block may add in another order
UNCHANGED = 3e-6  # the same for one block before and after training, which computes the same way
CALL_SECONDS = 60.0  # of one call


class Compare(Experiment):
    """Two calls that share a configuration, first in one and last in the other; a third with more epochs."""

    id, probe, draws, repeats = "compare", "compare", 0.0, 0
    space = {"calls": ([["qv", "qkvo"], ["all", "qv"], ["qv"]],), "epochs": ([EPOCHS, EPOCHS, MORE_EPOCHS],)}
    base = {"calls": [["qv", "qkvo"], ["all", "qv"], ["qv"]], "epochs": [EPOCHS, EPOCHS, MORE_EPOCHS]}

    def arguments(self, case: Case) -> dict[str, Any]:
        configs = [[CONFIGS[name] for name in names] for names in case["calls"]]
        return {"calls": list(map(list, zip(configs, case["epochs"], strict=True))), "seed": case["seed"]}

    def limit(self, case: Case) -> float:
        return CALL_SECONDS * len(case["calls"])

    def blame(self, case: Case, failure: Failure) -> str:
        return "entries"

    def describe(self, case: Case) -> dict[str, Any]:
        names = [[CONFIGS[name] for name in names] for names in case["calls"]]
        return {"calls": names, "n_epochs": case["epochs"]}

    def reproduce(self, case: Case, property_id: str) -> str:
        lines = ["", "def show(configs, n_epochs):", f"    torch.manual_seed({case['seed']})"]
        lines.append("    for key, entry in compare_target_modules(configs, n_epochs=n_epochs).items():")
        lines.append("        print(key, entry)")
        for names, epochs in zip(case["calls"], case["epochs"], strict=True):
            lines.append(f"show({[CONFIGS[name] for name in names]!r}, {epochs})")
        lines.append(
            'print("expected: a loss for each epoch, that do not rise; the same for q_proj+v_proj in the first two calls")'
        )
        return script("selective_injection", ["compare_target_modules"], lines)


compare = Compare()
SECOND = "compare_target_modules"


def calls(case: Case, seen: Seen) -> list[tuple[list[list[str]], dict[str, Any]]]:
    """The configurations of each call, with what was seen of it."""
    found = seen["calls"]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise NotSeen("calls")
    asked = [[CONFIGS[name] for name in names] for names in case["calls"]]
    return list(zip(asked, found, strict=False))


def entry_of(call: dict[str, Any], targets: list[str]) -> dict[str, Any]:
    """The entry of a configuration. Raises NotSeen where there is none: that is `entries`' claim."""
    entries = call.get("entries")
    entry = entries.get("+".join(targets)) if isinstance(entries, dict) else None
    if not isinstance(entry, dict):
        raise NotSeen("entry")
    return entry


def losses_of(entry: dict[str, Any]) -> list[float]:
    """The losses, as floats. Raises NotSeen where they are no list of numbers."""
    losses = entry.get("losses")
    if not isinstance(losses, list) or not losses:
        raise NotSeen("losses")
    if not all(isinstance(loss, (int, float)) and type(loss) is not bool for loss in losses):
        raise NotSeen("losses")
    return [float(loss) for loss in losses]


def models_of(seen: Seen, call: dict[str, Any], configs: list[list[str]]) -> list[dict[str, Any]]:
    """The blocks that ran with factors, that of each configuration in its place where the factors' sizes tell.

    Those that ran without gradients (a copy with averaged weights), or were not trained, do not count where there
    are enough others.
    """
    models = call.get("models")
    good = [item for item in models if isinstance(item, dict)] if isinstance(models, list) else []
    if not good:
        raise NotSeen("blocks with factors")
    for counts in (lambda model: model.get("grad") is True, was_trained):
        some = [model for model in good if counts(model)]
        good = some if len(some) >= len(configs) else good
    placed: list[dict[str, Any]] = []
    for targets in configs:
        sizes = own_injection(seen, targets).get("sizes")
        rest = [model for model in good if not any(model is other for other in placed)]
        placed += [model for model in rest if model.get("sizes") == sizes][:1]
    return placed if len(placed) == len(configs) else good


def was_trained(model: dict[str, Any]) -> bool:
    """Whether a factor changed, in the block or as it was run with it."""
    return bool(trained_letters(model))


def trained_letters(model: dict[str, Any]) -> set[str]:
    """Of which factors, A or B, one changed."""
    first, last, now = (model.get(key) for key in ("first", "last", "now"))
    if not (isinstance(first, dict) and isinstance(last, dict) and isinstance(now, dict)):
        raise NotSeen("factors")
    changed = [name for name, mark in first.items() if not mark == last.get(name) == now.get(name)]
    return {factor_name(name) for name in changed}


def own_injection(seen: Seen, targets: list[str]) -> dict[str, Any]:
    """What the student's own injection does to the lab's block. Raises NotSeen where it adds no factors."""
    entry = seen["own injection"].get("+".join(targets)) if isinstance(seen["own injection"], dict) else None
    if not isinstance(entry, dict) or not entry.get("parameters"):
        raise NotSeen("factors of the student's own injection")
    return entry


def keeps_the_block(own: dict[str, Any]) -> bool:
    """Whether the injection leaves what the block computes; if not, it has paid for that already."""
    return same(own.get("before"), own.get("start"), SAME_START)


def trains_only_factors(own: dict[str, Any]) -> bool:
    """Whether the injection leaves only factors trainable; if not, it has paid for that already."""
    return all(not trains or factor_name(name) for name, (_, trains) in own["parameters"].items())


def factor_name(name: str) -> str:
    """`A` or `B` if the contract calls a parameter of this name a factor, else empty."""
    end = name.removesuffix(".weight").rpartition(".")[2]
    return end[-1] if end in ("lora_A", "lora_B") else ""


def same(a: Any, b: Any, bound: float) -> bool:
    """Two outputs of a block, equal to a share of the largest value."""
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or a.shape != b.shape:
        raise NotSeen("output of the block")
    return float((a - b).abs().max()) <= bound * float(a.abs().max())


@exercise.claim(
    compare,
    points=2,
    function=SECOND,
    sentence='One entry for each list of targets, under the key `"+".join(targets)`, in the order given, with `target_modules`, '
    "`trainable_params`, `losses` and `final_loss`.",
)
def entries(case: Case, seen: Seen, want: Any) -> Verdict:
    """The result has one complete entry for each configuration, in the order given."""
    for configs, call in calls(case, seen):
        wanted = ["+".join(targets) for targets in configs]
        if call.get("keys") != wanted:
            return Violation(
                f"The keys are {claims.show(call.get('keys'))}, should be {wanted}.", wanted, call.get("keys")
            )
        for targets in configs:
            entry = call["entries"].get("+".join(targets)) if isinstance(call.get("entries"), dict) else None
            if not isinstance(entry, dict):
                return Violation(f"The entry of {targets} is no dict.", "a dict", claims.kind_of(entry))
            missing = [
                key
                for key in ("target_modules", "trainable_params", "losses", "final_loss")
                if key not in entry
            ]
            if missing:
                return Violation(f"The entry of {targets} has no `{missing[0]}`.", missing[0], sorted(entry))
            if entry["target_modules"] != targets:
                return Violation(
                    f"`target_modules` is {claims.show(entry['target_modules'])}, should be {targets}.",
                    targets,
                    entry["target_modules"],
                )
            try:
                losses = losses_of(entry)
            except NotSeen:
                return Violation(
                    "`losses` is no list of numbers.", "a float for each epoch", claims.show(entry["losses"])
                )
            final = entry["final_loss"]
            same = isinstance(final, (int, float)) and (
                final == losses[-1] or abs(final - losses[-1]) <= 1e-6 * abs(losses[-1])
            )
            if not same and all(math.isfinite(loss) for loss in losses):
                return Violation(
                    f"`final_loss` is {claims.show(final)}, should be the last loss, {losses[-1]:.6g}.",
                    losses[-1],
                    final,
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="`losses`: `n_epochs` floats, the training loss of each epoch.",
    waits_on=("entries",),
)
def epochs(case: Case, seen: Seen, want: Any) -> Verdict:
    """There is one loss for each of the n_epochs epochs."""
    for (configs, call), epochs in zip(calls(case, seen), case["epochs"], strict=False):
        for targets in configs:
            count = len(losses_of(entry_of(call, targets)))
            if count != epochs:
                return Violation(f"{count} losses for n_epochs={epochs}.", epochs, count)
    default = seen["default epochs"]
    if type(default) is int and default != DEFAULT_EPOCHS:
        return Violation(
            f"n_epochs is {default} by default, should be {DEFAULT_EPOCHS}.", DEFAULT_EPOCHS, default
        )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="`trainable_params` (int): what the injection makes trainable.",
    waits_on=("entries",),
)
def counts(case: Case, seen: Seen, want: Any) -> Verdict:
    """trainable_params counts the parameters that are trained."""
    for configs, call in calls(case, seen):
        models = models_of(seen, call, configs)
        for at, targets in enumerate(configs):
            own = own_injection(seen, targets)
            truth = sum(count for count, trains in own["parameters"].values() if trains)
            used = (
                models[at].get("trainable") if at < len(models) else truth
            )  # another rank is paid for elsewhere
            got = entry_of(call, targets).get("trainable_params")
            if type(got) is bool or not isinstance(got, (int, float)) or got not in (truth, used):
                return Violation(
                    f"`trainable_params` of {targets} is {claims.show(got)}, should be {truth}.", truth, got
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Each configuration trains a `SimpleTransformerBlock()` of the lab (`d_model=256`, `n_heads=8`) with rank 8 and alpha 16.",
    waits_on=("entries",),
)
def same_setting(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration trains the lab's block of d_model 256 and 8 heads, with rank 8 and alpha 16."""
    for configs, call in calls(case, seen):
        for targets, model in zip(configs, models_of(seen, call, configs), strict=False):
            own = own_injection(seen, targets)
            if model.get("block") != [256, 8]:
                return Violation(
                    f"{targets} is trained in a block with d_model and n_heads {claims.show(model.get('block'))}.",
                    [256, 8],
                    model.get("block"),
                )
            ranks, alphas = model.get("sizes"), model.get("alphas")
            if ranks != own.get("sizes"):
                return Violation(
                    f"The factors of {targets} have other sizes than with rank 8.", own.get("sizes"), ranks
                )
            if not same_numbers(alphas, own.get("alphas")):
                return Violation(
                    f"The adapters of {targets} add another share of x A^T B^T than with rank=8 and alpha=16.",
                    own.get("alphas"),
                    alphas,
                )
    return None


def same_numbers(a: Any, b: Any) -> bool:
    """Two dicts of numbers, equal to a relative 1e-3; nothing is said of what could not be measured."""
    if not isinstance(a, dict) or not isinstance(b, dict):
        return True
    pairs = [(a[name], b[name]) for name in a if name in b]
    return all(
        not (isinstance(x, float) and isinstance(y, float)) or abs(x - y) <= 1e-3 * abs(y) for x, y in pairs
    )


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Each configuration trains a fresh `SimpleTransformerBlock()` of the lab, from the same initial weights.",
    waits_on=("entries",),
)
def same_start(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration starts from a fresh block with the same weights."""
    for configs, call in calls(case, seen):
        kept = all(keeps_the_block(own_injection(seen, targets)) for targets in configs)
        models = models_of(seen, call, configs)
        if len(models) < len(configs):
            return Violation(
                f"{len(models)} block was trained for {len(configs)} configurations.",
                f"{len(configs)} fresh blocks",
                len(models),
            )
        for number, model in enumerate(models):
            if kept and not same(models[0].get("start"), model.get("start"), SAME_START):
                return Violation(
                    f"Configuration {number + 1} starts from other weights than configuration 1.",
                    "the same weights",
                    "other weights",
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Each configuration trains on data of `generate_synthetic_data`, and on the same data.",
    waits_on=("entries",),
)
def same_data(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration trains on the same data."""
    for configs, call in calls(case, seen):
        models = models_of(seen, call, configs)
        if call.get("data made") is not True:
            return Violation("generate_synthetic_data was not used.", "its data", "other data")
        used = [model.get("data") for model in models]
        for number, data in enumerate(used):
            if data and used[0] and data != used[0]:
                return Violation(
                    f"Configuration {number + 1} trains on other data than configuration 1.",
                    "the same data",
                    "other data",
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="The result of a configuration does not depend on which others are listed, nor in which order, to a relative 1e-4 in the losses.",
    waits_on=("entries", "epochs", "same_start", "same_data"),
)
def independent(case: Case, seen: Seen, want: Any) -> Verdict:
    """A configuration's losses do not depend on the others, nor on its place."""
    pairs = calls(case, seen)
    if len(pairs) < 2:
        raise NotSeen("second call")
    for targets in [targets for targets in pairs[0][0] if targets in pairs[1][0]]:
        own_injection(seen, targets)
        first, second = (losses_of(entry_of(call, targets)) for _, call in pairs[:2])
        if len(first) != len(second) or any(
            abs(a - b) > SAME_LOSS * max(abs(a), abs(b)) for a, b in zip(first, second, strict=True)
        ):
            return Violation(
                f"The losses of {targets} are others when other configurations stand before it.",
                first,
                second,
            )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="The losses are finite, not all equal, and the mean of the last third of the epochs is at most 1.05 times that of the first.",
    waits_on=("entries",),
)
def trains(case: Case, seen: Seen, want: Any) -> Verdict:
    """Training changes the adapters, and the losses do not rise."""
    for configs, call in calls(case, seen):
        for targets in configs:
            own_injection(seen, targets)
            losses = losses_of(entry_of(call, targets))
            if not all(math.isfinite(loss) for loss in losses):
                return Violation(f"The losses of {targets} are not finite.", "finite losses", losses)
            if len(losses) > 1 and len(set(losses)) == 1:
                return Violation(
                    f"The losses of {targets} are all equal: nothing is trained.",
                    "losses that change",
                    losses,
                )
            third = max(1, len(losses) // 3)
            start, end = sum(losses[:third]) / third, sum(losses[-third:]) / third
            if end > LAST_THIRD * start:
                return Violation(
                    f"The losses of {targets} rise: {start:.6g} at first, {end:.6g} at the end.",
                    "losses that do not rise",
                    losses,
                )
        for targets, model in zip(configs, models_of(seen, call, configs), strict=False):
            parameters = own_injection(seen, targets)["parameters"]
            able = {factor_name(name) for name, (_, trains) in parameters.items() if trains} - {""}
            same = able - trained_letters(model)
            if same:
                names = " and ".join(f"lora_{letter}" for letter in sorted(same))
                return Violation(
                    f"With {targets}, {names} is the same after training as before.", "trained", "unchanged"
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Training trains the adapters, and only them.",
    waits_on=("entries", "trains", "same_start"),
)
def trains_only_adapters(case: Case, seen: Seen, want: Any) -> Verdict:
    """Training leaves everything but the adapters as it was."""
    for configs, call in calls(case, seen):
        for targets, model in zip(configs, models_of(seen, call, configs), strict=False):
            own = own_injection(seen, targets)
            fair = keeps_the_block(own) and trains_only_factors(own)
            if fair and not same(model.get("start"), model.get("end"), UNCHANGED):
                return Violation(
                    f"After training {targets}, the block without its adapters computes something else than before.",
                    "the same as before",
                    "something else",
                )
    return None
