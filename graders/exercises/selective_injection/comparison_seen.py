"""What the probe saw of a comparison, as facts: relations such as same start and counts, never loss values.

A fact that a case says nothing about is left out: after an exception, or where the student's own injection adds
no factors, changes the block or trains more than factors (it has paid for that).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from torch import Tensor

from graders.exercise import Case, NotSeen, Seen
from graders.exercises.selective_injection.comparison import same_numbers
from graders.exercises.selective_injection.comparison_case import (
    DEFAULT_EPOCHS,
    LAST_THIRD,
    SAME_LOSS,
    SAME_START,
    UNCHANGED,
    calls,
    factor_name,
    keeps_the_block,
    losses_of,
    models_of,
    own_injection,
    same,
    trained_calls,
    trained_letters,
    trains_only_factors,
)

Facts = Mapping[str, str]
RANK, ALPHA = 8, 16.0
FIELDS = ("target_modules", "trainable_params", "losses", "final_loss")


class Call:
    """One call: its configurations, their entries (by place where the keys are other texts) and their blocks.

    `trained` are the configurations without those that were remembered from an earlier call.
    """

    def __init__(
        self,
        seen: Seen,
        configs: list[list[str]],
        call: dict[str, Any],
        epochs: int,
        trained: list[list[str]],
    ) -> None:
        self.seen, self.configs, self.call, self.epochs = seen, configs, call, epochs
        self.trained = trained
        self.wanted = ["+".join(targets) for targets in configs]
        self.keys = call.get("keys")

    @property
    def entries(self) -> list[tuple[list[str], dict[str, Any]]]:
        """Each configuration that has an entry, and the entry: that of its key, or of its place among other keys."""
        found = self.call.get("entries")
        if not isinstance(found, dict):
            return []
        others = len(found) == len(self.wanted) and set(found) != set(self.wanted)
        names = list(found) if others else self.wanted
        pairs = zip(self.configs, (found.get(name) for name in names), strict=True)
        return [(targets, entry) for targets, entry in pairs if isinstance(entry, dict)]

    @property
    def owns(self) -> list[dict[str, Any]]:
        """What the student's own injection does, for each that was trained. Raises NotSeen where it adds no factors."""
        return [own_injection(self.seen, targets) for targets in self.trained]

    @property
    def models(self) -> list[dict[str, Any]]:
        """The blocks that were trained; none where there are none with factors."""
        models = self.call.get("models")
        return models_of(self.seen, self.call, self.trained) if isinstance(models, list) and models else []


def facts_of(case: Case, seen: Seen) -> Facts | None:
    """The facts of a case; None where the comparison ended in another way than by an exception of the code."""
    facts = {"end": "returned"}
    if seen.failure is not None:
        if seen.failure.kind != "raised" or seen.failure.step != "compare_target_modules":
            return None
        facts = {"end": "raised"} if able(seen) else {}
    try:
        none_done = seen.failure is not None and seen.values.get("calls") == []
        pairs = zip([] if none_done else calls(case, seen), case["epochs"], strict=False)
        trained = {} if none_done else remembered_or_trained(case, seen)
        done = [
            Call(seen, configs, call, epochs, trained.get(number, configs))
            for number, ((configs, call), epochs) in enumerate(pairs)
        ]
        if seen.failure is not None and (failed := seen.values.get("models before it failed")):
            objects = [model.get("object") for model in failed]
            facts |= {"blocks": "fewer"} if len(set(objects)) < len(objects) else {}
    except (NotSeen, AttributeError, KeyError, TypeError):
        return None
    for name, look in LOOKS.items():
        try:
            found = {look(call) for call in done} - {""}
        except NotSeen:
            continue
        except (AttributeError, KeyError, TypeError, ValueError, IndexError):
            return None
        if found:
            facts.setdefault(name, worst(found))
    for name, compare_calls in ACROSS.items():
        try:
            facts |= {name: value} if (value := compare_calls(seen, done)) else {}
        except NotSeen:
            continue
    return facts


def remembered_or_trained(case: Case, seen: Seen) -> dict[int, list[list[str]]]:
    """By the number of the call, the configurations that it trained; empty where that cannot be told."""
    with suppress(NotSeen):
        trained = [(id(call), configs) for configs, call in trained_calls(case, seen)]
        numbers = {id(call): number for number, (_, call) in enumerate(calls(case, seen))}
        return {numbers[key]: configs for key, configs in trained}
    return {}


def able(seen: Seen) -> bool:
    """Whether the student's own injection adds factors, so that there is something to train."""
    owns = seen["own injection"]
    return (
        isinstance(owns, dict)
        and bool(owns)
        and all(isinstance(own, dict) and own.get("parameters") for own in owns.values())
    )


def worst(found: set[str]) -> str:
    """One value for all calls: what is right counts only where all are."""
    wrong = found - RIGHT
    return "mixed" if len(wrong) > 1 else (wrong or found).pop()


RIGHT = {"dict", "right", "complete", "last", "own", "each", "fresh", "equal", "same", "all", "kept", "falls", "lab", "differ"}  # fmt: skip


def result(call: Call) -> str:
    """What is returned."""
    return "dict" if isinstance(call.keys, list) else "other"


def keys(call: Call) -> str:
    """The keys, and their order."""
    if not isinstance(call.keys, list):
        return ""
    if call.keys == call.wanted:
        return "right"
    known = [key for key in call.keys if key in call.wanted]
    if len(call.keys) == len(call.wanted):
        return "other order" if len(known) == len(call.keys) else "other texts"
    if not known and len(call.keys) < len(call.wanted):
        return "other texts"  # texts that two configurations share
    return "fewer" if len(known) == len(call.keys) < len(call.wanted) else "other"


def fields(call: Call) -> str:
    """What the entries hold."""
    if not call.entries:
        raise NotSeen("entries")
    missing = {field for _, entry in call.entries for field in FIELDS if field not in entry}
    if missing:
        return "without losses" if "losses" in missing else "incomplete"
    right = all(entry["target_modules"] == targets for targets, entry in call.entries)
    return "complete" if right else "other targets"


def final(call: Call) -> str:
    """Whether `final_loss` is the last of the losses."""
    for _, entry in call.entries:
        if "losses" not in entry or "final_loss" not in entry:
            continue
        last, got = losses_of(entry)[-1], entry["final_loss"]
        if not isinstance(got, (int, float)) or (math.isfinite(last) and abs(got - last) > 1e-6 * abs(last)):
            return "other"
    return "last"


def count(call: Call) -> str:
    """What `trainable_params` counts."""
    found = set()
    for targets, entry in call.entries:
        own = own_injection(call.seen, targets)
        if "trainable_params" in entry:
            got, numbers = entry["trainable_params"], numbers_of(own["parameters"], targets)
            used = [model.get("trainable") for model in call.models if model.get("sizes") == own["sizes"]]
            numbers["own"] += [sum(asked(targets)), *(n for n in used if isinstance(n, int))]
            found.add(next((what for what, some in numbers.items() if got in some), "other"))
    return worst(found) if found else ""


def numbers_of(parameters: Mapping[str, Any], targets: list[str]) -> dict[str, list[int]]:
    """What the injection's parameters give when counted in several ways."""
    A, B = (sum(n for name, (n, _) in parameters.items() if factor_name(name) == letter) for letter in "AB")
    trained = [n for n, trains in parameters.values() if trains]
    block = {name: n for name, (n, _) in parameters.items() if not factor_name(name)}
    targeted = sum(n for name, n in block.items() if name.partition(".")[0] in targets)
    whole = sum(block.values())
    return {"own": [sum(trained), A + B], "all": [whole, whole + A + B], "tensors": [len(trained)], "one factor": [A, B],
            "targeted": [targeted]}  # fmt: skip


def blocks(call: Call) -> str:
    """Whether each configuration has a block of its own."""
    if not call.owns or not call.models:
        return "none"
    if len(call.models) < len(call.trained):
        return "too few"
    return "each" if len({model.get("object") for model in call.models}) >= len(call.trained) else "fewer"


def fresh(call: Call) -> str:
    """Whether each block's factors B are zero at its first run, as they are after the injection."""
    if not all(own.get("fresh") for own in call.owns) or not call.models:
        return ""
    return "fresh" if all(model.get("fresh") for model in call.models) else "used"


def starts(call: Call) -> str:
    """Whether the blocks start from the same weights."""
    if not all(keeps_the_block(own) for own in call.owns) or not call.models:
        return ""
    first, *rest = (model.get("start") for model in call.models)
    if not isinstance(first, Tensor) or not all(
        isinstance(y, Tensor) and y.shape == first.shape for y in rest
    ):
        return ""
    return "equal" if all(same(first, start, SAME_START) for start in rest) else "differ from each other"


def data(call: Call) -> str:
    """Whether the blocks train on the lab's data, and on the same."""
    if call.call.get("data made") is not True:
        return "other"
    used = [model.get("data") for model in call.models if model.get("data")]
    return "same" if all(names == used[0] for names in used) else "differ from each other"


def samples(call: Call) -> str:
    """Whether the blocks train on the same samples of the data."""
    used = {model.get("samples") for model in call.models}
    return "" if not used else "same" if len(used) == 1 else "differ from each other"


def factors(call: Call) -> str:
    """Which factors training changes, of those that the injection leaves trainable."""
    found = set()
    for own, model in zip(call.owns, call.models, strict=False):
        able = {factor_name(name) for name, (_, trains) in own["parameters"].items() if trains} - {""}
        stuck = able - trained_letters(model)
        found.add("all" if not stuck else "none" if stuck == able else "some")
    return worst(found) if found else ""


def base(call: Call) -> str:
    """Whether training changes what a block computes without its factors."""
    if not all(keeps_the_block(own) and trains_only_factors(own) for own in call.owns) or not call.models:
        return ""
    kept = all(same(model.get("start"), model.get("end"), UNCHANGED) for model in call.models)
    return "kept" if kept else "changed"


def block(call: Call) -> str:
    """Which block is trained."""
    return (
        ""
        if not call.models
        else "lab"
        if all(model.get("block") == [256, 8] for model in call.models)
        else "other"
    )


def layers(call: Call) -> str:
    """Whether each configuration's block has its factors in the layers that its targets ask for."""
    if len(call.models) < len(call.trained):
        return ""
    got = sorted(len(model["sizes"]) for model in call.models)
    wanted = [len(own["sizes"]) for own in call.owns], [2 * len(targets) for targets in call.trained]
    return "own" if got in map(sorted, wanted) else "other"


def layer_sizes(name: str) -> tuple[int, int]:
    """Inputs and outputs of one of the block's layers."""
    return {"gate_proj": (256, 512), "up_proj": (256, 512), "down_proj": (512, 256)}.get(name, (256, 256))


def asked(targets: list[str]) -> list[int]:
    """The sizes of the factors that are asked for, sorted: a comparison may use them whatever the injection does."""
    return sorted(RANK * size for name in targets for size in layer_sizes(name))


def ranks(call: Call) -> str:
    """Whether the factors have the sizes that the injection with rank 8 gives."""
    sizes = [*(own["sizes"] for own in call.owns), *map(asked, call.trained)]
    return (
        "" if not call.models else "own" if all(model["sizes"] in sizes for model in call.models) else "other"
    )


def alphas(call: Call) -> str:
    """Whether the layers' updates are scaled as by the injection with alpha 16."""
    pairs = zip(call.owns, call.models, strict=False)
    return (
        "own"
        if all(same_numbers(model.get("alphas"), own.get("alphas")) for own, model in pairs)
        else "other"
    )


def course(call: Call) -> str:
    """How the losses go."""
    found = set()
    for targets, entry in call.entries:
        own_injection(call.seen, targets)
        losses = losses_of(entry)
        third = max(1, len(losses) // 3)
        steps = [b - a for a, b in itertools.pairwise(losses)]
        if not all(map(math.isfinite, losses)):
            found.add("not finite")
        elif len(losses) > 1 and len(set(losses)) == 1:
            found.add("flat")
        elif sum(losses[-third:]) <= LAST_THIRD * sum(losses[:third]):
            found.add("falls")
        else:
            found.add("sums" if all(0.2 * losses[0] < step < 1.1 * losses[0] for step in steps) else "rises")
    return worst(found) if found else ""


def twins(call: Call) -> str:
    """Whether two configurations have the same losses."""
    losses = [losses_of(entry) for _, entry in call.entries]
    return "twins" if any(a == b for a, b in itertools.combinations(losses, 2)) else "differ"


LOOKS: Mapping[str, Callable[[Call], str]] = {
    "result": result, "keys": keys, "fields": fields, "final": final, "count": count, "blocks": blocks, "fresh": fresh,
    "starts": starts, "data": data, "samples": samples, "factors": factors, "base": base, "block": block, "layers": layers, "ranks": ranks,
    "alphas": alphas, "course": course, "twins": twins,
}  # fmt: skip


def number(seen: Seen, done: list[Call]) -> str:
    """How many losses there are, for the epochs that were asked for."""
    found = [(call, [len(losses_of(entry)) for _, entry in call.entries]) for call in done]
    pairs = [(call.epochs, count) for call, counts in found for count in counts]
    if not pairs:
        return ""
    for name, of in (("right", 0), ("one less", -1), ("one more", 1)):
        if all(count == epochs + of for epochs, count in pairs):
            return name
    if all(
        count % epochs == 0 and count // epochs == pairs[0][1] // pairs[0][0] > 1 for epochs, count in pairs
    ):
        return "multiple"
    if all(set(counts) == {call.epochs * len(call.configs)} for call, counts in found):
        return "of all"
    if all(count == min(epochs, max(count for _, count in pairs)) for epochs, count in pairs):
        return "ignored"
    by_config: dict[str, set[int]] = {}
    for call, counts in found:
        for (targets, _), count in zip(call.entries, counts, strict=True):
            by_config.setdefault("+".join(targets), set()).add(count)
    same = all(len(counts) == 1 for counts in by_config.values())
    return "ignored" if same and (len(done) == 3 or len({count for _, count in pairs}) == 1) else "other"


def independent(seen: Seen, done: list[Call]) -> str:
    """Whether a configuration's losses stay when others are listed with it."""
    if len(done) < 2 or any(len(call.entries) != len(call.configs) for call in done[:2]):
        return ""
    curves = []
    for call in done[:2]:
        for targets, _ in call.entries:
            own_injection(seen, targets)
        curves.append({"+".join(targets): losses_of(entry) for targets, entry in call.entries})
    for key in curves[0].keys() & curves[1].keys():
        first, second = curves[0][key], curves[1][key]
        if len(first) != len(second):
            return ""
        if any(abs(a - b) > SAME_LOSS * max(abs(a), abs(b)) for a, b in zip(first, second, strict=True)):
            return "no"
    return "yes"


def default(seen: Seen, done: list[Call]) -> str:
    """The default of n_epochs."""
    found = seen.values.get("default epochs")
    return "other" if type(found) is int and found != DEFAULT_EPOCHS else "right"


ACROSS: Mapping[str, Callable[[Seen, list[Call]], str]] = {
    "number": number,
    "independent": independent,
    "default": default,
}
