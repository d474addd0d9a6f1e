"""What the probe saw of an injection, and whether a model of it shows the same: every observation has to agree."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from graders.exercise import Case, Failure, NotSeen, Seen
from graders.exercises.selective_injection.injection_case import inject
from graders.exercises.selective_injection.injection_expected import Expected, owner_of, parameters, tensors
from graders.exercises.selective_injection.injection_model import Factor, Loose, Shown
from graders.exercises.selective_injection.models import leaves

CLOSE = 1e-4  # of what a value is summed from; the formulas that are told apart differ by far more


@dataclass(frozen=True)
class Part:
    """A Linear layer's input and parameters, and its outputs before, after, and with its factors set."""

    x: Tensor
    size: Tensor  # what the outputs are summed from
    bias: Tensor
    before: Tensor
    after: Tensor
    last: Tensor
    updates: tuple[Tensor, ...]  # x A^T B^T, in each way that the factors' shapes allow


@dataclass(frozen=True)
class Observed:
    """What was seen in one case."""

    failure: Failure | None = None
    same_model: bool = False
    returned: str = ""
    places: tuple[tuple[str, int, int], ...] = ()  # module, its number before, and after (-1: another object)
    factors: frozenset[Factor] = frozenset()
    loose: frozenset[Loose] = frozenset()
    shared: frozenset[str] = frozenset()  # letters of factors that changed when others were set
    with_gradient: frozenset[str] = frozenset()  # layers
    parts: dict[str, Part] | None = None  # by layer; None for the lab's block
    others_moved: frozenset[str] = frozenset()  # modules of other kinds whose outputs changed
    moved: bool = False  # the model's output at injection
    effect: bool = False  # its output with the factors set differs


def observe(case: Case, seen: Seen) -> Observed | None:
    """What was seen, in the terms of a model of it; None where an answer has no sense."""
    if seen.failure is not None:
        return Observed(seen.failure)
    try:
        want = Expected(case, inject.specs(case), inject.inputs(case, inject.specs(case)), seen)
        modules, factors, loose = list(want.places), set(), set()
        for name, (shape, trains, letter) in parameters(seen).items():
            owner, size = owner_of(name, modules), tuple(sorted(shape))
            if letter:
                factors.add((owner, letter, size, bool(trains)))
            elif trains:
                loose.add((owner, size))
        set_to, got = tensors(seen, "factors set"), tensors(seen, "factors")
        changed = {name for name, value in set_to.items() if not torch.equal(got[name], value)}
        before, after, last = (plain(seen, name) for name in ("y before", "y after", "y set"))
        parts, moved = (
            (None, frozenset[str]()) if want.specs is None else parts_of(want, seen, before, after, last)
        )
        return Observed(
            None,
            seen["same model"] is True,
            str(seen["returned"]),
            tuple((name, number, seen["modules"].get(name, -1)) for name, number in want.places.items()),
            frozenset(factors),
            frozenset(loose),
            frozenset(name.removesuffix(".weight")[-1] for name in changed),
            frozenset(owner_of(name, modules) for name in seen["with gradient"]),
            parts,
            moved,
            not close(after, before, before),
            not close(last, after, after),
        )
    except (NotSeen, AttributeError, KeyError, TypeError, ValueError, RuntimeError):
        return None


def plain(seen: Seen, name: str) -> Tensor:
    """An output, float64."""
    y = seen[name]
    if not isinstance(y, Tensor):
        raise NotSeen(name)
    return y.to(torch.float64)


def parts_of(
    want: Expected, seen: Seen, before: Tensor, after: Tensor, last: Tensor
) -> tuple[dict[str, Part], frozenset[str]]:
    """The Linear layers of a model, and the other layers whose outputs changed."""
    assert want.specs is not None
    pairs, factors = want.found(seen), tensors(seen, "factors")
    parts: dict[str, Part] = {}
    moved = set()
    outputs = zip(
        leaves(want.specs), want.inputs, *(split(want, y) for y in (before, after, last)), strict=True
    )
    for spec, x, y0, y1, y2 in outputs:
        name = spec["name"]
        if spec["kind"] != "linear":
            moved |= set() if close(y1, y0, y0) and close(y2, y0, y0) else {name}
            continue
        x, W = x.to(torch.float64), spec["weight"]
        bias = spec.get("has_bias", torch.zeros(spec["out"], dtype=torch.float64))
        pair = pairs.get(name, {})
        updates: tuple[Tensor, ...] = ()
        if len(pair) == 2:
            A, B = (factors[pair[letter]].to(torch.float64) for letter in "AB")
            updates = tuple(
                x @ a.T @ b.T for a in (A, A.T) for b in (B, B.T)
                if a.shape[1] == spec["in"] and b.shape[0] == spec["out"] and a.shape[0] == b.shape[1]
            )  # fmt: skip
        y0, y1, y2 = (y.reshape(3, spec["out"]) for y in (y0, y1, y2))
        parts[name] = Part(x, x.abs() @ W.abs().T + 2 * bias.abs(), bias, y0, y1, y2, updates)
    return parts, frozenset(moved)


def split(want: Expected, y: Tensor) -> list[Tensor]:
    """The model's output by leaf."""
    assert want.specs is not None
    rows = {"linear": ("out", 3), "conv": ("in", 6)}
    sizes = [
        spec[key] * count for spec in leaves(want.specs) for key, count in [rows.get(spec["kind"], ("in", 3))]
    ]
    return list(torch.split(y.flatten(), sizes))


def close(got: Tensor, want: Tensor, size: Tensor) -> bool:
    """Equal to a share of what the values are summed from."""
    if got.shape != want.shape:
        raise NotSeen("y")
    return not got.numel() or bool(((got - want).abs() <= CLOSE * size.abs().max()).all())


def shows(seen: Observed | None, shown: Shown) -> bool:
    """Whether what was seen is what is shown."""
    if seen is None:
        return False
    if seen.failure is not None:
        may = seen.failure.step.partition(" (")[0] in shown.raises or bool(shown.non_linear)
        return may and seen.failure.kind == "raised"
    looks = (same_return, same_parameters, same_objects, same_gradients, same_outputs)
    return not shown.raises and all(look(seen, shown) for look in looks)


def same_return(seen: Observed, shown: Shown) -> bool:
    """What is returned."""
    wrong = {"None": ("None",), "copy": ("a module",)}.get(shown.returned)
    if shown.returned == "same":
        return seen.same_model
    return not seen.same_model and (seen.returned in wrong if wrong else seen.returned != "None")


def same_parameters(seen: Observed, shown: Shown) -> bool:
    """The factors with their shapes and flags, what else trains, and which factors are shared."""
    odd = shown.non_linear
    if not odd <= {owner for owner, *_ in seen.factors} or not seen.shared <= shown.shared:
        return False
    if seen.parts is None and seen.shared != shown.shared:
        return False  # the block's layers have sizes in common
    factors = {entry for entry in seen.factors if entry[0] not in odd} if odd else seen.factors
    if factors != shown.factors:
        return False
    free = odd | shown.found if shown.any_loose else odd
    return shown.loose is None or all(owner in free for owner, _ in seen.loose ^ shown.loose)


def same_objects(seen: Observed, shown: Shown) -> bool:
    """Which modules are still the same objects; nothing is said of wrapped ones."""
    if shown.returned == "else" and not shown.factors and seen.returned == "a module":
        return True  # without factors in the model, the probe looked at what was returned
    if shown.replaced is None:
        return all(after == -1 for _, _, after in seen.places)
    wrapped = shown.found | shown.non_linear
    return all(
        (after == -1) if name in shown.replaced else after == before
        for name, before, after in seen.places
        if name not in wrapped
    )


def same_gradients(seen: Observed, shown: Shown) -> bool:
    """Which layers' factors get a gradient: those with an effect that train."""
    trained = {owner for owner, _, _, trains in shown.factors if trains}
    able = {layer for layer, scale in shown.scales.items() if scale} & trained
    got = seen.with_gradient - shown.non_linear
    return got <= able and bool(got) == bool(able)


def same_outputs(seen: Observed, shown: Shown) -> bool:
    """The output before, after, and with the factors set, layer by layer."""
    if seen.parts is None:
        moved = any(form in ("other", "moved") for form in shown.forms.values())
        return seen.moved == moved and (moved or seen.effect == any(shown.scales.values()))
    return seen.others_moved <= shown.non_linear and all(
        same_part(part, shown.forms.get(name, "kept"), shown.scales.get(name, 0.0))
        for name, part in seen.parts.items()
    )


def same_part(part: Part, form: str, scale: float) -> bool:
    """One layer's outputs: of this form without the update, and with so many times the update."""
    known = {"kept": part.before, "moved": part.before, "no bias": part.before - part.bias, "bias twice": part.before + part.bias}  # fmt: skip
    if form in ("moved", "other"):
        if any(close(part.after, y, part.size) for y in known.values()):
            return False
    elif not close(part.after, known[form], part.size):
        return False
    still = known.get(form, part.after)
    updates = [scale * update for update in part.updates] if scale else [torch.zeros_like(still)]
    return any(close(part.last, still + update, part.size + update.abs()) for update in updates)
