"""LoRA in chosen layers of a model: `add_lora_to_model_selective`."""

from __future__ import annotations

from collections.abc import Callable
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
    "mixed": [
        ("q_proj", "linear"), ("v_proj", "norm"), ("up_proj", "embedding"), ("k_proj", "identity"), ("gate_proj", "conv"), ("head", "linear"),
    ],
    "others": [
        ("a", "node"), ("a.q_proj", "linear"), ("a.v_proj", "norm"), ("b", "node"), ("b.q_proj", "conv"), ("b.v_proj", "linear"),
        ("b.up_proj", "identity"), ("c", "node"), ("c.q_proj", "embedding"), ("c.up_proj", "linear"), ("c.k_proj", "norm"),
    ],
}  # fmt: skip
MODEL_WORDS = {
    "flat": "flat",
    "nested": "nested",
    "layers": "with a ModuleList",
    "deep": "with a Sequential",
    "others": "with other kinds of modules",
    "mixed": "flat, with other kinds of modules",
    "block": "SimpleTransformerBlock",
}
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
        "model": ("flat", "nested", "layers", "deep", "others", "mixed"),
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
        {"model": "mixed", "targets": ["q_proj", "v_proj", "up_proj"]},
        {"model": "mixed", "targets": DEFAULT_TARGETS, "rank": 3},
        {"model": "flat", "targets": ["v_proj", "up_proj"], "rank": 4},
        {"model": "flat", "targets": DEFAULT_TARGETS, "rank": 3, "alpha": 3.0, "call": "positional"},
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
                "alpha": alpha_of(case), "call": case["call"], "factor seed": case["seed"], "twin": twin_of(case)}  # fmt: skip

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
        if (
            case["model"] in OTHER_KINDS
        ):  # where something else is unusual too, it may be the one or the other
            plain = case["model"] == "mixed" and case["bias"] == "all" and twin_of(case) is None
            return "only_linear" if plain else ""
        if failure.step.endswith("written out too)"):
            return "wraps_targets"
        if case["targets"] == []:
            return "empty_list"
        if case["targets"] is None or case["call"] == "defaults":
            return "default_arguments"
        return "keeps_pretrained" if failure.step.startswith("the model's") else "wraps_targets"

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

    def traits(self, case: Case) -> dict[str, Any]:
        targets = DEFAULT_TARGETS if case["targets"] is None else case["targets"]
        return {
            "model": MODEL_WORDS[case["model"]], "number of targets": len(targets), "rank": rank_of(case),
            "alpha": alpha_of(case), "alpha / rank": alpha_of(case) / rank_of(case), "layers with a bias": case["bias"],
        }  # fmt: skip


LAYER_NAMES = {
    "linear": "Linear",
    "norm": "LayerNorm",
    "conv": "Conv1d",
    "embedding": "Embedding",
    "identity": "Identity",
    "parameter": "Parameter",
}


OTHER_KINDS = ("others", "mixed")  # models in which not only Linear layers have names that match


def twin_of(case: Case) -> dict[str, Any] | None:
    """The call with all arguments written out, where some are left out; with one target where there is none."""
    targets = DEFAULT_TARGETS if case["targets"] is None else case["targets"] or ["v_proj"]
    if targets == case["targets"] and case["call"] != "defaults":
        return None
    return {"rank": rank_of(case), "alpha": alpha_of(case), "target_modules": targets}


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

    def is_other_kind(self, name: str) -> bool:
        """Whether a module is neither a Linear layer nor holds others; that they stay is `only_linear`'s."""
        kinds = {spec["name"]: spec["kind"] for spec in self.specs or []}
        return kinds.get(name, "container") not in ("linear", "container")

    def sizes(self) -> dict[str, tuple[int, int]]:
        """Linear layer's name -> in, out. The block's MLP is twice as wide as the block."""
        if self.specs is None:
            d = 16
            wide = {"gate_proj": (d, 2 * d), "up_proj": (d, 2 * d), "down_proj": (2 * d, d)}
            return {name: wide.get(name, (d, d)) for name in self.linears}
        return {spec["name"]: (spec["in"], spec["out"]) for spec in self.specs if spec["kind"] == "linear"}

    def outputs(self, factors: dict[str, tuple[Tensor, Tensor]], rank: int = 0) -> tuple[Tensor, Tensor]:
        """The model's output with these factors by layer, joined as the model joins it, and its bound; float64."""
        assert self.specs is not None
        parts, bounds = [], []
        scale = alpha_of(self.case) / (rank or rank_of(self.case))
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
    return bool(case["targets"]) and case["call"] != "defaults" and case["model"] not in OTHER_KINDS


def _set_of_layers(seen: Seen, want: Expected) -> Violation | None:
    found = sorted(name for name in want.found(seen) if not want.is_other_kind(name))
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
    if not case["targets"] or case["call"] == "defaults":
        return NOT_APPLICABLE
    return _set_of_layers(seen, want)


@exercise.claim(
    inject,
    points=2,
    sentence='`None` means `["q_proj", "k_proj", "v_proj", "o_proj"]`; `rank=8, alpha=16`.',
)
def default_arguments(case: Case, seen: Seen, want: Any) -> Verdict:
    """Without target_modules the four attention projections are wrapped; rank is 8, alpha 16."""
    if case["targets"] == [] or not (case["targets"] is None or case["call"] == "defaults"):
        return NOT_APPLICABLE
    if case["model"] in OTHER_KINDS:
        return NOT_APPLICABLE
    wrong = _set_of_layers(seen, want) or _ranks(seen, want)
    if wrong is None and want.specs is not None and case["call"] == "defaults":
        wrong = _output_with_factors(seen, want)
    return None if wrong and _same_as_twin(seen, want) else wrong


def _same_as_twin(seen: Seen, want: Expected) -> bool:
    """Whether the model is as with all arguments written out, and has factors: then other claims are about it."""
    plain = seen["twin"]
    plain = Seen(plain if isinstance(plain, dict) else {})
    if "parameters" not in plain:
        return False
    if not want.found(plain):
        raise NotSeen("factors with all arguments written out")
    if parameters(plain) != parameters(seen):
        return False
    if want.specs is None:
        return True  # the lab's block starts from other weights each time
    mine, other = (want.linear_part(item["y set"]) for item in (seen, plain))
    return torch.allclose(mine, other, rtol=1e-5, atol=1e-6, equal_nan=True)


@exercise.claim(inject, points=1, sentence="An empty list means no layer.")
def empty_list(case: Case, seen: Seen, want: Any) -> Verdict:
    """An empty list wraps nothing."""
    if case["targets"] != []:
        return NOT_APPLICABLE
    plain = seen.values.get("twin")
    plain = Seen(plain if isinstance(plain, dict) else {})
    if not want.found(plain):
        raise NotSeen("factors for a list that is not empty")
    if want.found(plain).keys() == want.found(seen).keys():
        return None  # no list makes a difference: that is `wraps_targets`'
    return _set_of_layers(seen, want)


@exercise.claim(
    inject,
    points=2,
    sentence="Only `nn.Linear` layers are wrapped; a module of another kind with a matching name is left as it is.",
)
def only_linear(case: Case, seen: Seen, want: Any) -> Verdict:
    """Modules of other kinds are left as they are, whatever their name."""
    if case["model"] not in OTHER_KINDS or not case["targets"]:
        return NOT_APPLICABLE
    found = want.found(seen)
    if not any(name in want.linears for name in found):
        raise NotSeen("factors")
    extra = [name for name in found if name and name not in want.linears]
    if extra:
        return Violation(
            f"`{extra[0]}` is no `nn.Linear` and was wrapped, with target_modules={case['targets']}.",
            sorted(want.wrapped),
            sorted(found),
        )
    if seen["same model"] is not True and seen["returned"] != "None":
        return None
    return _same_objects(seen, want, lambda name: name.rpartition(".")[2] in case["targets"])


def _factors_seen(seen: Seen, want: Expected) -> dict[str, dict[str, str]]:
    """The Linear layers that have both factors. Raises NotSeen where there is none."""
    layers = {
        name: pair for name, pair in want.found(seen).items() if len(pair) == 2 and name in want.linears
    }
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
    y, without = (want.linear_part(seen[name]) for name in ("y set", "y without"))
    if torch.equal(y, without):
        return None  # that nothing is added is `scaling`'s
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


@exercise.claim(inject, points=1, sentence="A wrapped layer has its own factors.")
def own_factors(case: Case, seen: Seen, want: Any) -> Verdict:
    """No two layers share a factor."""
    if not ordinary(case) or len(want.wrapped) < 2:
        return NOT_APPLICABLE
    if len(_factors_seen(seen, want)) < 2:
        raise NotSeen("two layers with factors")
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
    if case["targets"] == [] or case["model"] in OTHER_KINDS:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    if want.specs is None:
        before = seen["y before"]
        if not isinstance(before, Tensor):
            raise NotSeen("y before")
        return claims.close(
            "The block's output", seen["y after"], before.to(torch.float64), 1e-4, "after injection"
        )
    y, bound = want.outputs({})
    return claims.close(
        "The layers' joined output", want.linear_part(seen["y after"]), y, bound, "after injection"
    )


def _output_with_factors(seen: Seen, want: Expected) -> Violation | None:
    """The output with factors set; the adapters' share of it where the rest is wrong, which was paid for elsewhere."""
    layers = _factors_seen(seen, want)
    factors, set_to = tensors(seen, "factors"), tensors(seen, "factors set")
    if any(not torch.equal(factors[name], set_to[name]) for name in set_to if name in factors):
        raise NotSeen("factors of their own")
    pairs = {name: (factors[pair["A"]], factors[pair["B"]]) for name, pair in layers.items()}
    y, without, after = (want.linear_part(seen[name]) for name in ("y set", "y without", "y after"))
    base, base_bound = want.outputs({})
    lost = claims.close("", after, base, base_bound) is not None  # that is `keeps_pretrained`'s
    scale = alpha_of(want.case) / rank_of(want.case)
    note = f"with factors set, alpha / rank = {scale:g}"
    wrong: list[Violation | None] = []
    for turned in orientations(pairs, want):
        for rank in {rank_of(want.case), next(iter(turned.values()))[0].shape[0]}:  # a wrong rank is `rank`'s
            truth, bound = want.outputs(turned, rank)
            wrong.append(claims.close("The layers' joined output", y, truth, bound, note))
            if lost:
                loose = 2 * bound + 1e-5 * (y.abs() + without.abs())
                wrong.append(
                    claims.close("The adapters' share of the output", y - without, truth - base, loose, note)
                )
    return None if None in wrong else wrong[0]


def orientations(
    pairs: dict[str, tuple[Tensor, Tensor]], want: Expected
) -> list[dict[str, tuple[Tensor, Tensor]]]:
    """The factors as (rank, in) and (out, rank), in each way that their shapes allow: either may be kept transposed."""
    found, sizes = [], want.sizes()
    for a_turned, b_turned in ((False, False), (True, True), (True, False), (False, True)):
        turned = {name: (A.T if a_turned else A, B.T if b_turned else B) for name, (A, B) in pairs.items()}
        ranks = {r for A, B in turned.values() for r in (A.shape[0], B.shape[-1])}
        if len(ranks) == 1 and all(
            tuple(A.shape) == (r, sizes[name][0]) and tuple(B.shape) == (sizes[name][1], r)
            for name, (A, B) in turned.items()
            for r in ranks
        ):
            found.append(turned)
    if not found:
        raise NotSeen("factors of one form")
    return found


@exercise.claim(
    inject,
    points=2,
    sentence="A wrapped layer scales by `alpha / rank`.",
)
def scaling(case: Case, seen: Seen, want: Any) -> Verdict:
    """Wrapped layers add (alpha / rank) x A^T B^T."""
    if not ordinary(case) or want.specs is None:
        return NOT_APPLICABLE
    return _output_with_factors(seen, want)


@exercise.claim(inject, points=1, sentence="Wraps in place, and returns the same model.")
def returns_same_model(case: Case, seen: Seen, want: Any) -> Verdict:
    """The model that was given is changed and returned."""
    if case["targets"] == []:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    if seen["same model"] is True:
        return None
    got = seen["returned"]
    shown = "another model" if got == "a module" else str(got)[:60]
    return Violation(
        f"add_lora_to_model_selective returned {shown}, should be the model it was given.",
        "the same model",
        shown,
    )


def _same_objects(
    seen: Seen, want: Expected, counts: Callable[[str], bool] = lambda name: True
) -> Violation | None:
    """The modules that are not wrapped, of the names that count, are those that were there before."""
    after = seen["modules"]
    if not isinstance(after, dict):
        raise NotSeen("modules")
    skip = {*want.wrapped, *(name for name in want.found(seen) if name in want.linears)}
    for name, number in want.places.items():
        if name in skip or not name or not counts(name) or any(name.startswith(f"{item}.") for item in skip):
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
)
def untargeted_stay(case: Case, seen: Seen, want: Any) -> Verdict:
    """Untargeted modules are the same objects as before."""
    if case["targets"] == [] or case["model"] in OTHER_KINDS:
        return NOT_APPLICABLE
    _factors_seen(seen, want)
    if seen["same model"] is not True and seen["returned"] == "a module":
        raise NotSeen("the model itself")  # that of a copy no module is the same is `returns_same_model`'s
    return _same_objects(seen, want)
