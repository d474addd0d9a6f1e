"""The experiment on `compare_target_modules`, and how to read what was seen of its calls."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from torch import Tensor

from graders.exercise import Case, Experiment, Failure, NotSeen, Seen
from graders.exercises.selective_injection.models import ALL_SEVEN, DEFAULT_TARGETS

CONFIGS = {"qv": ["q_proj", "v_proj"], "qkvo": DEFAULT_TARGETS, "all": ALL_SEVEN[::-1]}
EPOCHS, MORE_EPOCHS = 6, 12  # of the first two calls, of the third
LAST_THIRD = 1.05  # the mean loss of the last third may be this many times that of the first
DEFAULT_EPOCHS = 50
SAME_LOSS = 1e-4
SAME_START = 1e-4  # of the block's largest output: the wrapped block may add in another order
UNCHANGED = 3e-6  # the same for one block before and after training, which computes the same way
CALL_SECONDS = 60.0  # of one call


class Compare(Experiment):
    """Two calls that share a configuration, alone in one and between others in the other; a third with more epochs."""

    id, probe, draws, repeats = "compare", "compare", 0.0, 0
    notes = frozenset({"own injection", "default epochs", "calls"})
    space = {"calls": ([["qv"], ["qkvo", "qv", "all"], ["qv"]],), "epochs": ([EPOCHS, EPOCHS, MORE_EPOCHS],)}
    base = {"calls": [["qv"], ["qkvo", "qv", "all"], ["qv"]], "epochs": [EPOCHS, EPOCHS, MORE_EPOCHS]}

    def arguments(self, case: Case) -> dict[str, Any]:
        configs = [[CONFIGS[name] for name in names] for names in case["calls"]]
        return {"calls": list(map(list, zip(configs, case["epochs"], strict=True))), "seed": case["seed"]}

    def limit(self, case: Case) -> float:
        return CALL_SECONDS * len(case["calls"])

    def unsaid(self, case: Case, seen: Seen) -> bool:
        calls = seen.values.get("calls")
        return super().unsaid(case, seen) or not isinstance(calls, list) or len(calls) != len(case["calls"])

    def blame(self, case: Case, failure: Failure) -> str:
        return "entries"

    def describe(self, case: Case) -> dict[str, Any]:
        names = [[CONFIGS[name] for name in names] for names in case["calls"]]
        return {"calls": names, "n_epochs": case["epochs"]}


class CompareOnce(Compare):
    """One call of one epoch."""

    id = "compare_once"
    space = {"calls": ([["qv"]],), "epochs": ([1],)}
    base = {"calls": [["qv"]], "epochs": [1]}

    def blame(self, case: Case, failure: Failure) -> str:
        return "epochs"  # what six epochs do not raise is about their number


compare, compare_once = Compare(), CompareOnce()


def calls(case: Case, seen: Seen) -> list[tuple[list[list[str]], dict[str, Any]]]:
    """The configurations of each call that came to an end, with what was seen of it."""
    found = seen["calls"]
    if not isinstance(found, list) or not found or not all(isinstance(item, dict) for item in found):
        raise NotSeen("calls")
    asked = [[CONFIGS[name] for name in names] for names in case["calls"]]
    return list(zip(asked, found, strict=False))


def trained_calls(case: Case, seen: Seen) -> list[tuple[list[list[str]], dict[str, Any]]]:
    """The same, without configurations that were not trained again, but remembered from an earlier call that was alike.

    Such a result is the one that was asked for, or that of another number of epochs, which `epochs` says.
    """
    known: list[tuple[list[str], int]] = []
    found = []
    for (configs, call), epochs in zip(calls(case, seen), case["epochs"], strict=False):
        models = [model for model in call.get("models") or () if isinstance(model, dict)]
        sizes = [model.get("sizes") for model in models]
        lengths = lengths_of(call, configs)
        again = [
            targets
            for targets, length in zip(configs, lengths, strict=True)
            if ((targets, epochs) not in known and (targets, length) not in known)
            or own_injection(seen, targets).get("sizes") in sizes
        ]
        if len({model.get("object") for model in models}) != len(again):
            again = configs
        found += [(again, call)] if again else []
        known += [(targets, epochs) for targets in configs]
    return found


def lengths_of(call: dict[str, Any], configs: list[list[str]]) -> list[int]:
    """How many losses each configuration's entry has, -1 where that is not known."""
    found = [-1] * len(configs)
    with suppress(NotSeen):
        for targets, entry in entries_of(call, configs):
            found[configs.index(targets)] = len(losses_of(entry))
    return found


def entries_of(call: dict[str, Any], configs: list[list[str]]) -> list[tuple[list[str], dict[str, Any]]]:
    """The configurations that have an entry, with it: found by its key, by what it says of itself, or by its place.

    Raises NotSeen where none has: keys, order and missing entries are `entries`' claim.
    """
    entries, listed = call.get("entries"), call.get("listed")
    entries = entries if isinstance(entries, dict) else {}
    listed = listed if isinstance(listed, list) else list(entries.values())
    pairs = [(targets, entries.get("+".join(targets))) for targets in configs]
    if not any(isinstance(entry, dict) for _, entry in pairs) and len(listed) == len(configs):
        pairs = list(zip(configs, listed, strict=True))
    found = [(targets, entry) for targets, entry in pairs if isinstance(entry, dict)]
    if not found:
        said = {"+".join(entry["target_modules"]): entry for entry in listed if names_its_targets(entry)}
        found = [(targets, said[key]) for targets in configs if (key := "+".join(targets)) in said]
    if not found:
        raise NotSeen("entries")
    return found


def names_its_targets(entry: Any) -> bool:
    """Whether an entry has the texts of its targets."""
    targets = entry.get("target_modules") if isinstance(entry, dict) else None
    return isinstance(targets, list) and all(isinstance(name, str) for name in targets)


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


def trained_layers(model: dict[str, Any]) -> set[str]:
    """The block's layers of which a factor changed."""
    return {name.partition(".")[0] for name in changed_factors(model)}


def trained_letters(model: dict[str, Any]) -> set[str]:
    """Of which factors, A or B, one changed."""
    return {factor_name(name) for name in changed_factors(model)}


def changed_factors(model: dict[str, Any]) -> list[str]:
    """The factors that changed, in the block or as it was run with them."""
    first, last, now = (model.get(key) for key in ("first", "last", "now"))
    if not (isinstance(first, dict) and isinstance(last, dict) and isinstance(now, dict)):
        raise NotSeen("factors")
    return [name for name, mark in first.items() if not mark == last.get(name) == now.get(name)]


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
    end = name.removesuffix(".weight")[-6:]
    return end[-1] if end in ("lora_A", "lora_B") else ""


def same(a: Any, b: Any, bound: float) -> bool:
    """Two outputs of a block, equal to a share of the largest value."""
    if not isinstance(a, Tensor) or not isinstance(b, Tensor) or a.shape != b.shape:
        raise NotSeen("output of the block")
    return float((a - b).abs().max()) <= bound * float(a.abs().max())
