"""What the probe would see of an injection with known mistakes: the contract's injection with one thing changed, or two."""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from graders.exercise import Case
from graders.exercises.selective_injection.injection_case import inject
from graders.exercises.selective_injection.injection_expected import alpha_of, rank_of
from graders.exercises.selective_injection.models import ALL_SEVEN, CONTAINERS, DEFAULT_TARGETS, MODELS

How = Mapping[str, list[str]]  # mistake -> the ways in which it is made
Shape = tuple[int, ...]
Factor = tuple[
    str, str, Shape, bool
]  # the module it belongs to, its letter, its sorted shape, whether it trains
Loose = tuple[str, Shape]  # another trainable parameter: its module and sorted shape
STRAY = ("root, whole name", "root, last name", "root, other name", "first component", "grandparent")
INJECTION, FORWARD = "add_lora_to_model_selective", "the model's forward pass after injection"


@dataclass(frozen=True)
class Layer:
    """A leaf of a model (or a parameter of its own): kind, inputs, outputs, shapes of its parameters."""

    name: str
    kind: str
    n_in: int = 0
    n_out: int = 0
    shapes: Mapping[str, Shape] = field(default_factory=dict)

    @functools.cached_property
    def last(self) -> str:
        """The last component of the dotted name."""
        return self.name.rpartition(".")[2]

    @functools.cached_property
    def parent(self) -> str:
        """The dotted name of the module that holds it."""
        return self.name.rpartition(".")[0]

    @property
    def owner(self) -> str:
        """The module that its parameters belong to."""
        return self.parent if self.kind == "parameter" else self.name

    @property
    def has_bias(self) -> bool:
        """Whether it has a bias."""
        return "bias" in self.shapes


@dataclass(frozen=True)
class Shown:
    """What is seen of an injection. Shapes are sorted: a factor may be kept transposed."""

    raises: frozenset[str] = frozenset()  # the steps of which one fails; empty: none
    factors: frozenset[Factor] = frozenset()
    loose: frozenset[Loose] | None = None  # None: nothing is said
    found: frozenset[str] = frozenset()  # layers about whose modules nothing is said
    any_loose: bool = False  # nothing is said of the parameters of `found`
    non_linear: frozenset[str] = frozenset()  # wrapped modules of another kind; it may fail because of them
    forms: Mapping[str, str] = field(
        default_factory=dict
    )  # layer -> its output without the update: kept, other, moved, no bias, ...
    scales: Mapping[str, float] = field(
        default_factory=dict
    )  # layer -> what its update is multiplied by; 0: without effect
    shared: frozenset[str] = frozenset()  # letters of factors that several layers share
    replaced: frozenset[str] | None = frozenset()  # modules that are other objects; None: all
    returned: str = "same"


def layers_of(case: Case) -> list[Layer]:
    """The leaves of a case's model, and parameters of its own, in order."""
    specs = inject.specs(case)
    if specs is None:
        block = [linear(name, *size, bias=False) for name, size in BLOCK.items()]
        return [*block, other("norm1", "norm", 16), other("norm2", "norm", 16)]
    found = []
    for spec in specs:
        if spec["kind"] == "linear":
            found.append(linear(spec["name"], spec["in"], spec["out"], bias=spec["bias"] is True))
        elif spec["kind"] != "container":
            found.append(other(spec["name"], spec["kind"], spec.get("in", 0)))
    return found


BLOCK = {
    **dict.fromkeys(DEFAULT_TARGETS, (16, 16)),
    "gate_proj": (16, 32),
    "up_proj": (16, 32),
    "down_proj": (32, 16),
}


def linear(name: str, n_in: int, n_out: int, *, bias: bool) -> Layer:
    """A Linear layer."""
    shapes: dict[str, Shape] = {"weight": (n_out, n_in)}
    return Layer(name, "linear", n_in, n_out, {**shapes, "bias": (n_out,)} if bias else shapes)


def other(name: str, kind: str, size: int) -> Layer:
    """A leaf of another kind, or a parameter of its own."""
    shapes: dict[str, dict[str, Shape]] = {
        "norm": {"weight": (size,), "bias": (size,)}, "conv": {"weight": (size, size, 1), "bias": (size,)},
        "embedding": {"weight": (5, size)}, "identity": {}, "parameter": {"": (3,)},
        "plain norm": {}, "lookalike": {"weight": (size, size)}, "none": {},
    }  # fmt: skip
    return Layer(name, kind, size, size, shapes[kind])


def ways(wrong: frozenset[str]) -> How:
    """The ways in which each mistake is made; none for those that are not."""
    found: dict[str, list[str]] = defaultdict(list)
    for variant in wrong:
        name, _, how = variant.partition(": ")
        found[name].append(how)
    return found


def injected(wrong: frozenset[str], case: Case, layers: list[Layer]) -> Shown:
    """What the probe sees of an injection with these variants of mistakes into the model of a case."""
    how = ways(wrong)
    patterns = patterns_of(how, case)
    if patterns is None or fails_to_start(how, case, layers, patterns):
        return Shown(frozenset([INJECTION]))
    found = found_layers(how, case, layers, patterns)
    if fails_on(how, case, found, layers):
        return Shown(frozenset([INJECTION, FORWARD]))
    if how["nested-parent-bug"] == ["replaces a container"] and any("." in layer.name for layer in found):
        return Shown(frozenset([FORWARD]))
    if how["in-and-out-swapped"] and any(layer.n_in != layer.n_out for layer in found):
        return Shown(frozenset([FORWARD]))
    touched = {kind for kinds in how["wraps-non-linear"] for kind in kinds.split()}
    non_linear = frozenset(layer.name for layer in layers if layer.kind in touched and layer.last in patterns)
    names = frozenset(layer.name for layer in found)
    factors, loose = factors_of(how, case, found, patterns), loose_of(how, layers, names)
    if how["factors-misnamed"]:
        loose |= {(owner, shape) for owner, _, shape, _ in factors}
        factors = frozenset()
    if how["nested-parent-bug"] == ["root, whole name"]:  # no module is found by a name with a dot in it
        below = {layer.name for layer in found if "." in layer.name}
        loose |= {(owner, shape) for owner, _, shape, trains in factors if owner in below and trains}
        factors = frozenset(entry for entry in factors if entry[0] not in below)
    shared = {"both": "AB"}
    return Shown(
        factors=factors,
        loose=loose if found else None,
        found=names,
        any_loose="" in how["pretrained-weight-lost"],
        non_linear=non_linear,
        forms={layer.name: form_of(how, layer) for layer in found if in_place(how, layer)},
        scales={layer.name: scale_of(how, case, layer) for layer in found if in_place(how, layer)},
        shared=frozenset(letter for what in how["factors-shared"] for letter in shared.get(what, what)),
        replaced=replaced_of(how, case, layers, names),
        returned=returned_of(how),
    )


def patterns_of(how: How, case: Case) -> list[str] | None:
    """The patterns that count; None where there is nothing to iterate over."""
    patterns, every = case["targets"], [*ALL_SEVEN, "head", "lm_head", "final", "other"]
    if patterns is None:
        patterns = DEFAULT_TARGETS
        for what in how["default-targets-missing"]:
            if what == "raises":
                return None
            patterns = {"nothing": [], "every linear": every, "all seven": ALL_SEVEN, "q and v": ["q_proj", "v_proj"]}.get(
                what, DEFAULT_TARGETS[:3])  # fmt: skip
    if case["targets"] == []:
        for what in how["empty-list-as-default"]:
            patterns = every if what else DEFAULT_TARGETS
        patterns = every if "" in how["all-patterns-required"] else patterns
    for what in how["targets-ignored"]:
        patterns = {"attention": DEFAULT_TARGETS, "all seven": ALL_SEVEN}.get(what, every)
    if how["targets-added-to-default"]:
        patterns = [*DEFAULT_TARGETS, *patterns]
    for what in how["one-pattern-only"]:
        patterns = patterns[:1] if what == "first" else patterns[-1:]
    if how["all-patterns-required"] and case["targets"] != [] and len(patterns) > 1:
        patterns = []
    return list(patterns)


def fails_to_start(how: How, case: Case, layers: list[Layer], patterns: list[str]) -> bool:
    """Whether it fails before any layer is looked at."""
    attributes = {layer.name for layer in layers}
    return "raises" in how["exact-name-only"] and not set(patterns) <= attributes


def found_layers(how: How, case: Case, layers: list[Layer], patterns: list[str]) -> list[Layer]:
    """The Linear layers that are wrapped, in order."""
    found = [layer for layer in layers if layer.kind == "linear" and layer.last in patterns]
    if how["exact-name-only"]:
        found = [layer for layer in found if "." not in layer.name]
    if how["root-layers-missed"]:
        found = [layer for layer in found if "." in layer.name]
    for what in how["deep-layers-missed"]:
        found = [layer for layer in found if not is_deep(what, layer, case)]
    for what in how["layers-left-out"]:
        found = [layer for layer in found if not is_left_out(what, layer, rank_of(case))]
    for what in how["wraps-first-match-only"]:
        firsts: dict[str, Layer] = {}
        for layer in reversed(found) if what == "last of each pattern" else found:
            group = {"": "", "of each parent": layer.parent}.get(what, layer.last)
            firsts.setdefault(group, layer)
        found = list(firsts.values())
    return found


def is_deep(what: str, layer: Layer, case: Case) -> bool:
    """Whether a walk that does not enter some modules misses a layer."""
    path, kinds = layer.name.split(".")[:-1], dict(MODELS.get(case["model"], []))
    on_the_way = [kinds.get(".".join(path[: at + 1]), "node") for at in range(len(path))]
    if what == "all but lists":
        return any(kind != "list" for kind in on_the_way[::2])
    if what == "numbers":
        return any(part.isdigit() for part in path)
    if what in ("lists", "sequentials", "dicts"):
        return what.removesuffix("s") in on_the_way
    return len(path) > int(what.rpartition(" ")[2])


def is_left_out(what: str, layer: Layer, rank: int) -> bool:
    """Whether a layer is left out for its size or bias."""
    return {
        "with bias": layer.has_bias,
        "without bias": not layer.has_bias,
        "not square": layer.n_in != layer.n_out,
        "smaller than rank": min(layer.n_in, layer.n_out) <= rank,
    }[what]


def fails_on(how: How, case: Case, found: list[Layer], layers: list[Layer]) -> bool:
    """Whether it fails on one of the layers."""
    depth = max((layer.name.count(".") for layer in found), default=0)
    for what in how["nested-parent-bug"]:
        if what == "raises at numbers" and any(
            part.isdigit() for layer in found for part in layer.name.split(".")
        ):
            return True
        if (what == "raises below the root" and depth >= 1) or (
            what == "raises below depth 2" and depth >= 2
        ):
            return True
    if how["rank-and-alpha-swapped"] and found and type(alpha_of(case)) is not int:
        return True
    for what in how["crashes-without-bias"]:
        some = [layer for layer in layers if layer.kind == "linear"] if what else found
        if not all(layer.has_bias for layer in some):
            return True
    return False


def in_place(how: How, layer: Layer) -> bool:
    """Whether a wrapped layer is where the model uses it."""
    depth = layer.name.count(".") if how["nested-parent-bug"] else 0
    return not any(
        depth >= (2 if what == "first component" else 1) for what in how["nested-parent-bug"] if what in STRAY
    )


def factors_of(how: How, case: Case, found: list[Layer], patterns: list[str]) -> frozenset[Factor]:
    """The factors: owner, letter, sorted shape, whether it trains."""
    made: dict[tuple[str, str, str], tuple[Shape, bool]] = {}
    for layer in found:
        rank = ranks_of(how, case, layer)[0]
        place = layer.name if in_place(how, layer) else stray_place(how["nested-parent-bug"][0], layer)
        sizes = (
            (layer.n_out, layer.n_in) if how["in-and-out-swapped"] else (layer.n_in, layer.n_out)
        )  # of A, of B
        for letter, size in zip("AB", sizes, strict=True):
            frozen = {
                what == "" or what == letter or (what == "all but the last pattern's" and layer.last != patterns[-1])
                for what in how["adapters-frozen"]
            }  # fmt: skip
            owner = layer.name if place == layer.name else owner_of_stray(place, case)
            made[owner, letter, place] = ((min(rank, size), max(rank, size)), True not in frozen)
    return frozenset((owner, letter, *what) for (owner, letter, _), what in made.items())


def stray_place(what: str, layer: Layer) -> str:
    """Where the adapter of a nested layer is set in place of the module that holds the layer."""
    parts = layer.name.split(".")
    return {
        "root, whole name": layer.name, "root, last name": layer.last, "root, other name": "_".join(parts),
        "first component": f"{parts[0]}.{layer.last}", "grandparent": ".".join([*parts[:-2], layer.last]),
    }[what]  # fmt: skip


def owner_of_stray(place: str, case: Case) -> str:
    """The module of the model below which a factor at a place of its own lies."""
    names = [name for name, kind in MODELS.get(case["model"], []) if kind != "parameter"]
    return max((name for name in names if f"{place}.".startswith(f"{name}.")), key=len, default="")


def ranks_of(how: How, case: Case, layer: Layer) -> tuple[int, float, float]:
    """Rank of the factors, and rank and alpha of the scale."""
    rank, alpha = rank_of(case), float(alpha_of(case))
    if case["call"] == "defaults":
        for what in how["other-defaults"]:
            name, _, value = what.partition(" ")
            rank, alpha = (int(value), alpha) if name == "rank" else (rank, float(value))
    if how["rank-and-alpha-swapped"]:
        rank, alpha = int(alpha), float(rank)
    scaled = rank
    for what in how["rank-ignored"]:
        rank = int(what.split()[0])
        scaled = rank if "scale" in what else scaled
    for what in how["rank-clipped"]:
        rank = min(rank, layer.n_in, layer.n_out)
        scaled = rank if what else scaled
    return rank, scaled, alpha


def scale_of(how: How, case: Case, layer: Layer) -> float:
    """What the update is multiplied by."""
    _, rank, alpha = ranks_of(how, case, layer)
    scale = alpha / rank
    for what in how["alpha-ignored"]:
        scale = float(what.split()[0]) / (rank if "rank" in what else 1)
    for what in how["alpha-rounded"]:
        scale = alpha // rank if what == "quotient" else int(alpha) / rank
    scale = alpha if how["scaling-alpha-only"] else scale
    scale = rank / alpha if how["scaling-inverted"] else scale
    scale = alpha / rank**0.5 if how["scaling-sqrt-rank"] else scale
    scale = scale**2 if how["scaling-applied-twice"] else scale
    return 0.0 if how["adapters-without-effect"] or how["factors-misnamed"] else scale


def form_of(how: How, layer: Layer) -> str:
    """What a wrapped layer's output is without the update."""
    if "" in how["pretrained-weight-lost"]:
        return "other"
    if layer.has_bias and how["pretrained-weight-lost"]:
        return "no bias" if "bias" in how["pretrained-weight-lost"] else "other"
    if layer.has_bias and how["bias-added-twice"]:
        return "bias twice"
    return "moved" if how["b-not-zero"] else "kept"


def loose_of(how: How, layers: list[Layer], found: frozenset[str]) -> frozenset[Loose]:
    """What trains besides the factors: owner and sorted shape."""
    if not (how["freezes-nothing"] or how["rest-not-frozen"] or how["biases-left-trainable"]):
        return frozenset()
    linears = [layer.name for layer in layers if layer.kind == "linear"]
    return frozenset(
        (layer.owner, tuple(sorted(shape)))
        for layer in layers
        for name, shape in layer.shapes.items()
        if is_loose(how, layer, name, layer.name in found, bool(linears) and layer.name == linears[-1])
    )


def is_loose(how: How, layer: Layer, name: str, wrapped: bool, last: bool) -> bool:
    """Whether a parameter of the model stays trainable."""
    linear, bias, vector = layer.kind == "linear", name == "bias", len(layer.shapes[name]) == 1
    part = {"norm": "norms", "embedding": "embeddings", "parameter": "bare"}.get(layer.kind, "")
    rest = {
        "all but linears": not linear, "all but wrapped": not wrapped, "all but wrapped weights": not wrapped or bias,
        "other linears": linear and not wrapped, "last linear": last and not wrapped,
        "root": layer.kind == "parameter" and not layer.parent, "wrapped weights": wrapped and not bias, "wrapped": wrapped, "vectors": vector,
        "named norms": "norm" in layer.last, "named embeddings": "embed" in layer.last,
    }  # fmt: skip
    biases = {
        "all": True, "of linears": linear, "of wrapped": wrapped, "of others": not wrapped,
        "of other linears": linear and not wrapped,
    }  # fmt: skip
    return bool(
        how["freezes-nothing"]
        or any(rest.get(what, part in what.split()) for what in how["rest-not-frozen"])
        or (bias and any(biases[what] for what in how["biases-left-trainable"]))
    )


def replaced_of(how: How, case: Case, layers: list[Layer], found: frozenset[str]) -> frozenset[str] | None:
    """The modules besides the wrapped layers that are other objects afterwards; None: all."""
    if how["returns-copy"]:
        return None
    names: set[str] = set()
    for what in how["untargeted-replaced"]:
        if what == "containers":
            names |= {name for name, kind in MODELS.get(case["model"], []) if kind in CONTAINERS and kind in ("list", "sequential")}  # fmt: skip
        else:
            kinds = [layer for layer in layers if layer.kind == "linear" or what == "layers"]
            names |= {layer.name for layer in kinds if layer.kind != "parameter"} - found
    return frozenset(names)


def returned_of(how: How) -> str:
    """What is returned."""
    for name, what in (
        ("returns-none", "None"),
        ("returns-copy", "copy"),
        ("returns-something-else", "else"),
    ):
        if how[name]:
            return what
    return "same"
