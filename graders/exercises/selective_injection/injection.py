"""LoRA in chosen layers of a model: the claims about `add_lora_to_model_selective`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from graders import claims
from graders.exercise import NOT_APPLICABLE, Case, NotSeen, Seen, Violation
from graders.exercises.selective_injection.injection_case import LEAVES_OUT, Verdict, exercise, inject
from graders.exercises.selective_injection.injection_expected import (
    Expected,
    alpha_of,
    owner_of,
    parameters,
    rank_of,
    tensors,
)
from graders.exercises.selective_injection.models import OTHER_KINDS


def ordinary(case: Case) -> bool:
    """A list of targets, rank and alpha given, and only Linear layers under the targeted names."""
    return bool(case["targets"]) and case["call"] not in LEAVES_OUT and case["model"] not in OTHER_KINDS


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
    if not case["targets"] or case["call"] in LEAVES_OUT:
        return NOT_APPLICABLE
    return _set_of_layers(seen, want)


@exercise.claim(
    inject,
    points=2,
    sentence='`None` means `["q_proj", "k_proj", "v_proj", "o_proj"]`; `rank=8, alpha=16`.',
)
def default_arguments(case: Case, seen: Seen, want: Any) -> Verdict:
    """Without target_modules the four attention projections are wrapped; rank is 8, alpha 16."""
    if case["targets"] == [] or not (case["targets"] is None or case["call"] in LEAVES_OUT):
        return NOT_APPLICABLE
    if case["model"] in OTHER_KINDS:
        return NOT_APPLICABLE
    wrong = _set_of_layers(seen, want) or _ranks(seen, want)
    if wrong is None and want.specs is not None and case["call"] in LEAVES_OUT:
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
    if want.specs is None:
        return _learns_everywhere(seen, want)
    if "with gradient" not in seen:
        return None
    y, without = (want.linear_part(seen[name]) for name in ("y set", "y without"))
    if torch.equal(y, without):
        return None  # that nothing is added is `scaling`'s
    if not seen["with gradient"]:
        return Violation("No factor gets a gradient.", "gradients", "none")
    return None


def _learns_everywhere(seen: Seen, want: Expected) -> Violation | None:
    """In the lab's block, whose layers feed one another, every wrapped layer gets a gradient.

    Where none does, the update has no effect in the lab's block: other models tell.
    """
    learning = {owner_of(name, list(want.places)) for name in seen["first gradients"]}
    still = [name for name in _factors_seen(seen, want) if name not in learning]
    if not learning or not still:
        return None
    return Violation(
        f"No factor of `{still[0]}` gets a gradient.",
        "a gradient in every wrapped layer",
        sorted(learning),
    )


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
    if not case["targets"] or case["call"] in LEAVES_OUT:
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
    for name, value in seen.values.get("factors beside another", {}).items():
        if name in set_to and not torch.equal(value, set_to[name]):
            says = f"`{name}` changed when adapters were added to another model."
            return Violation(says, set_to[name], value)
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
    return _output_with_factors(seen, want) or _stays_beside_another(seen, want)


def _stays_beside_another(seen: Seen, want: Expected) -> Violation | None:
    """The output is the same after adapters with twice the alpha were added to another model."""
    if "y beside another" not in seen:
        return None
    set_to, later = tensors(seen, "factors set"), tensors(seen, "factors beside another")
    if any(not torch.equal(later[name], set_to[name]) for name in set_to if name in later):
        return None  # that is `own_factors`'
    before, after = (want.linear_part(seen[name]) for name in ("y set", "y beside another"))
    note = "after adapters were added to another model"
    return claims.close("The layers' joined output", after, before, 1e-6 * (1 + before.abs()), note)


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
    found = want.found(seen)
    skip = {*want.wrapped, *(name for name in found if name in want.linears)}
    missed = [
        name for name in want.wrapped if name not in found
    ]  # what became of their parents is `wraps_targets`'
    for name, number in want.places.items():
        if name in skip or not name or not counts(name) or any(name.startswith(f"{item}.") for item in skip):
            continue
        if any(item.startswith(f"{name}.") for item in missed):
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
