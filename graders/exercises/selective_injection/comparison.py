"""Training with adapters in different places: the claims about `compare_target_modules`, by relations, never by loss values."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from typing import Any

from graders import claims
from graders.exercise import Case, Check, NotSeen, Seen, Violation
from graders.exercises.selective_injection.comparison_case import (
    DEFAULT_EPOCHS,
    LAST_THIRD,
    SAME_LOSS,
    SAME_START,
    UNCHANGED,
    calls,
    compare,
    compare_once,
    entries_of,
    factor_name,
    keeps_the_block,
    losses_of,
    models_of,
    own_injection,
    same,
    trained_calls,
    trained_layers,
    trained_letters,
    trains_only_factors,
    was_trained,
)
from graders.exercises.selective_injection.injection_case import Verdict, exercise

SECOND = "compare_target_modules"


def call_by_call(check: Check) -> Check:
    """A check that looks at one call after the other, which then says which call it is about."""

    @wraps(check)
    def checked(case: Case, seen: Seen, want: Any) -> Verdict:
        verdict: Verdict = None
        for number in range(1, len(calls(case, seen)) + 1):
            verdict = check(case, Seen({**seen.values, "calls": seen["calls"][:number]}, seen.failure), want)
            if isinstance(verdict, Violation):
                return replace(verdict, call=number)
        return verdict

    return checked


@exercise.claim(
    compare,
    points=2,
    function=SECOND,
    sentence='One entry for each list of targets, under the key `"+".join(targets)`, in the order given, with `target_modules`, '
    "`trainable_params`, `losses` and `final_loss`.",
)
@call_by_call
def entries(case: Case, seen: Seen, want: Any) -> Verdict:
    """The result has one complete entry for each configuration, in the order given."""
    for configs, call in calls(case, seen):
        wanted = ["+".join(targets) for targets in configs]
        if call.get("keys") != wanted:
            return Violation(
                f"The keys of the result are {claims.show(call.get('keys'))}, should be {wanted}.",
                wanted,
                call.get("keys"),
            )
        for targets in configs:
            entry = call["entries"].get("+".join(targets)) if isinstance(call.get("entries"), dict) else None
            if not isinstance(entry, dict):
                return Violation(
                    f"The entry of {targets} is {claims.kind_of(entry)}, should be a dict.",
                    "a dict",
                    claims.kind_of(entry),
                )
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
                    f"`losses` of {targets} is no list of numbers.",
                    "a float for each epoch",
                    claims.show(entry["losses"]),
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
)
@call_by_call
def epochs(case: Case, seen: Seen, want: Any) -> Verdict:
    """There is one loss for each of the n_epochs epochs."""
    for (configs, call), epochs in zip(calls(case, seen), case["epochs"], strict=False):
        for _, entry in entries_of(call, configs):
            count = len(losses_of(entry))
            if count != epochs:
                return Violation(f"There are {count} losses for n_epochs={epochs}.", epochs, count)
        with suppress(NotSeen):
            runs = [model.get("runs") for model in models_of(seen, call, configs)]
            fewest = min((count for count in runs if isinstance(count, int)), default=epochs)
            if fewest < epochs:
                says = f"A block ran {fewest} times while it was trained for n_epochs={epochs}."
                return Violation(says, f"at least {epochs} runs", fewest)
    default = seen["default epochs"]
    if type(default) is int and default != DEFAULT_EPOCHS:
        return Violation(
            f"n_epochs is {default} by default, should be {DEFAULT_EPOCHS}.", DEFAULT_EPOCHS, default
        )
    return None


exercise.also(compare_once, "entries")(entries)
exercise.also(compare_once, "epochs")(epochs)


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="`trainable_params` (int): what the injection makes trainable.",
)
@call_by_call
def counts(case: Case, seen: Seen, want: Any) -> Verdict:
    """trainable_params counts the parameters that are trained."""
    trained = [id(call) for _, call in trained_calls(case, seen)]
    for configs, call in calls(case, seen):
        models = models_of(seen, call, configs) if id(call) in trained else []
        for targets, entry in entries_of(call, configs):
            own, at = own_injection(seen, targets), configs.index(targets)
            truth = sum(count for count, trains in own["parameters"].values() if trains)
            alone = len(models) == len(configs)  # another rank is paid for elsewhere
            used = models[at].get("trainable") if alone else truth
            if "trainable_params" not in entry:
                raise NotSeen("trainable_params")
            got = entry["trainable_params"]
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
)
@call_by_call
def same_setting(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration trains the lab's block of d_model 256 and 8 heads, with rank 8 and alpha 16."""
    for configs, call in trained_calls(case, seen):
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


def _which(configs: list[list[str]], models: list[dict[str, Any]], number: int) -> str:
    """The targets of a block, where each configuration has one."""
    return str(configs[number]) if len(models) == len(configs) else f"Block {number + 1}"


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Each configuration trains a fresh `SimpleTransformerBlock()` of the lab, from the same initial weights.",
)
@call_by_call
def same_start(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration starts from a fresh block with the same weights."""
    for configs, call in trained_calls(case, seen):
        kept = all(keeps_the_block(own_injection(seen, targets)) for targets in configs)
        models = models_of(seen, call, configs)
        wanted = len(configs)
        with suppress(NotSeen):
            wanted = len(entries_of(call, configs))
        if len(models) < wanted:
            count = "1 block was" if len(models) == 1 else f"{len(models)} blocks were"
            return Violation(
                f"Only {count} trained for {wanted} configurations.",
                f"{wanted} fresh blocks",
                len(models),
            )
        for number, model in enumerate(models):
            if kept and not same(models[0].get("start"), model.get("start"), SAME_START):
                return Violation(
                    f"{_which(configs, models, number)} starts from other weights than {_which(configs, models, 0)}.",
                    "the same weights",
                    "other weights",
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Each configuration trains on data of `generate_synthetic_data`, and on the same data.",
)
@call_by_call
def same_data(case: Case, seen: Seen, want: Any) -> Verdict:
    """Every configuration trains on the same data."""
    for configs, call in trained_calls(case, seen):
        models = models_of(seen, call, configs)
        if call.get("data made") is not True:
            return Violation("The data do not come from `generate_synthetic_data`.", "its data", "other data")
        used = [model.get("data") for model in models]
        for number, data in enumerate(used):
            if data and used[0] and data != used[0]:
                return Violation(
                    f"{_which(configs, models, number)} trains on other data than {_which(configs, models, 0)}.",
                    "the same data",
                    "other data",
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="The result of a configuration does not depend on which others are listed, nor in which order, to a relative 1e-4 in the losses.",
)
def independent(case: Case, seen: Seen, want: Any) -> Verdict:
    """A configuration's losses do not depend on the others, nor on its place."""
    pairs = calls(case, seen)
    if len(pairs) < 2:
        raise NotSeen("second call")
    found = [entries_of(call, configs) for configs, call in pairs[:2]]
    shared = [targets for targets, _ in found[0] if targets in [others for others, _ in found[1]]]
    if not shared:
        raise NotSeen("entries of one configuration")
    for targets in shared:
        own_injection(seen, targets)
        first, second = (
            losses_of(next(entry for name, entry in items if name == targets)) for items in found
        )
        if len(first) != len(second) or any(
            abs(a - b) > SAME_LOSS * max(abs(a), abs(b)) for a, b in zip(first, second, strict=True)
        ):
            if not same_beginning(seen, pairs[:2], targets):
                raise NotSeen("the same start and data")  # that is `same_start`'s and `same_data`'s
            return Violation(
                f"The losses of {targets} change when other configurations are listed with it.",
                first,
                second,
            )
    return None


def same_beginning(
    seen: Seen, pairs: list[tuple[list[list[str]], dict[str, Any]]], targets: list[str]
) -> bool:
    """Whether a configuration starts from the same block, and trains on the same data, in both calls."""
    placed = []
    for configs, call in pairs:
        models = models_of(seen, call, configs)
        if len(models) != len(configs):
            return True  # whose block is whose cannot be told
        placed.append(models[configs.index(targets)])
    first, second = placed
    return first.get("data") == second.get("data") and same(
        first.get("start"), second.get("start"), SAME_START
    )


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="The losses are finite, not all equal, and the mean of the last third of the epochs is at most 1.05 times that of the first.",
)
@call_by_call
def trains(case: Case, seen: Seen, want: Any) -> Verdict:
    """Training changes the adapters, and the losses do not rise."""
    for configs, call in calls(case, seen):
        for targets, entry in entries_of(call, configs):
            own_injection(seen, targets)
            losses = losses_of(entry)
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
    for configs, call in trained_calls(case, seen):
        for targets, model in zip(configs, models_of(seen, call, configs), strict=False):
            parameters = own_injection(seen, targets)["parameters"]
            able = {factor_name(name) for name, (_, trains) in parameters.items() if trains} - {""}
            same = able - trained_letters(model)
            if same:
                names = " and ".join(f"lora_{letter}" for letter in sorted(same))
                return Violation(
                    f"With {targets}, {names} is the same after training as before.", "trained", "unchanged"
                )
            able_layers = {name.partition(".")[0] for name, (_, trains) in parameters.items() if trains}
            layers = {name.partition(".")[0] for name in model["first"]} & able_layers
            if still := sorted(layers - trained_layers(model)):
                return Violation(
                    f"With {targets}, the factors of `{still[0]}` are the same after training as before.",
                    "every layer trained",
                    f"{still[0]} unchanged",
                )
    return None


@exercise.claim(
    compare,
    points=1,
    function=SECOND,
    sentence="Training trains the adapters, and only them.",
)
@call_by_call
def trains_only_adapters(case: Case, seen: Seen, want: Any) -> Verdict:
    """Training leaves everything but the adapters as it was."""
    for configs, call in trained_calls(case, seen):
        for targets, model in zip(configs, models_of(seen, call, configs), strict=False):
            own = own_injection(seen, targets)
            if not was_trained(model):
                raise NotSeen("training")
            fair = keeps_the_block(own) and trains_only_factors(own)
            if fair and not same(model.get("start"), model.get("end"), UNCHANGED):
                return Violation(
                    f"After training {targets}, the block without its adapters computes something else than before.",
                    "the same as before",
                    "something else",
                )
    return None
