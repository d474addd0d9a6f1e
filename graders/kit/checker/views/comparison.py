"""What is looked at of a comparison: complaints about it, as whole sentences. Losses are held against each other only."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from torch import Tensor

from graders.worker.watching import is_factor

from . import View

Values = Mapping[str, Any]
FIELDS = ("target_modules", "trainable_params", "losses", "final_loss")
LAST_THIRD, SAME_LOSS, SAME_START, UNCHANGED = 1.05, 1e-4, 1e-4, 3e-6


def _calls(arguments: Values, seen: Values) -> Iterator[tuple[list[list[str]], int, Values]]:
    """Configurations, epochs and what was seen, call by call."""
    for (configs, epochs), call in zip(arguments["calls"], seen["calls"], strict=False):
        yield configs, epochs, call


def _trained_calls(arguments: Values, seen: Values) -> Iterator[tuple[list[list[str]], int, Values]]:
    """The same, without configurations that were remembered from an earlier call that was alike."""
    known: list[tuple[list[str], int]] = []
    for configs, epochs, call in _calls(arguments, seen):
        sizes = [model["sizes"] for model in call["models"]]
        again = [
            targets
            for targets in configs
            if (targets, epochs) not in known or _own(seen, targets)["sizes"] in sizes
        ]
        if len({model["object"] for model in call["models"]}) != len(again):
            again = configs
        if again:
            yield again, epochs, call
        known += [(targets, epochs) for targets in configs]


def _entries(configs: list[list[str]], call: Values) -> Iterator[tuple[list[str], Values]]:
    for targets in configs:
        yield targets, call["entries"]["+".join(targets)]


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and type(value) is not bool


def entries(arguments: Values, seen: Values) -> list[str]:
    """What is wrong with keys, order and entries."""
    return [text for configs, _, call in _calls(arguments, seen) for text in _entries_off(configs, call)]


def _entries_off(configs: list[list[str]], call: Values) -> Iterator[str]:
    wanted = ["+".join(targets) for targets in configs]
    if call["keys"] != wanted:
        yield f"The keys of the result are {str(call['keys'])[:120]}, should be {wanted}."
        return
    for targets, entry in _entries(configs, call):
        if not isinstance(entry, dict):
            yield f"The entry of {targets} is no dict."
            continue
        yield from (f"The entry of {targets} has no `{name}`." for name in FIELDS if name not in entry)
        if not all(name in entry for name in FIELDS):
            continue
        if entry["target_modules"] != targets:
            yield f"`target_modules` is {str(entry['target_modules'])[:120]}, should be {targets}."
        losses, final = entry["losses"], entry["final_loss"]
        if not isinstance(losses, list) or not losses or not all(map(_number, losses)):
            yield f"`losses` of {targets} is no list of numbers."
        elif not _number(final) or not (
            final == losses[-1] or abs(final - losses[-1]) <= 1e-6 * abs(losses[-1])
        ):
            yield f"`final_loss` is {str(final)[:60]}, should be the last loss, {losses[-1]:.6g}."


def epochs(arguments: Values, seen: Values) -> list[str]:
    """Where there is not one loss for each epoch."""
    found = []
    for configs, count, call in _calls(arguments, seen):
        for _, entry in _entries(configs, call):
            if len(entry["losses"]) != count:
                found.append(f"There are {len(entry['losses'])} losses for n_epochs={count}.")
    default = seen["default epochs"]
    return found + [f"n_epochs is {default} by default, should be 50."] * (default not in (None, 50))


def _own(seen: Values, targets: list[str]) -> Values:
    """What the student's own injection does to the lab's block."""
    own: Values = seen["own injection"]["+".join(targets)]
    if not own:
        raise KeyError("factors of the student's own injection")
    return own


def _models(seen: Values, configs: list[list[str]], call: Values) -> list[Values]:
    """The blocks that ran with factors, that of each configuration in its place where the factors' sizes tell."""
    good: list[Values] = call["models"]
    for counts in (lambda model: model["grad"] is True, _changed):
        some = [model for model in good if counts(model)]
        good = some if len(some) >= len(configs) else good
    placed: list[Values] = []
    for targets in configs:
        rest = [model for model in good if not any(model is other for other in placed)]
        placed += [model for model in rest if model["sizes"] == _own(seen, targets)["sizes"]][:1]
    return placed if len(placed) == len(configs) else good


def _changed(model: Values) -> set[str]:
    """Of which factors, A or B, training changed one."""
    first, last, now = model["first"], model["last"], model["now"]
    return {is_factor(name) for name, mark in first.items() if not mark == last.get(name) == now.get(name)}


def counts(arguments: Values, seen: Values) -> list[str]:
    """Where `trainable_params` is not what the injection makes trainable."""
    found = []
    for configs, _, call in _calls(arguments, seen):
        models = _models(seen, configs, call)
        for at, (targets, entry) in enumerate(_entries(configs, call)):
            truth = sum(count for count, trains in _own(seen, targets)["parameters"].values() if trains)
            used = models[at]["trainable"] if at < len(models) else truth
            got = entry["trainable_params"]
            if not _number(got) or got not in (truth, used):
                found.append(f"`trainable_params` of {targets} is {str(got)[:60]}, should be {truth}.")
    return found


def setting(arguments: Values, seen: Values) -> list[str]:
    """Where another block, rank or alpha is trained."""
    found = []
    for configs, _, call in _trained_calls(arguments, seen):
        for targets, model in zip(configs, _models(seen, configs, call), strict=False):
            own = _own(seen, targets)
            if model["block"] != [256, 8]:
                found.append(f"{targets} is trained in a block with d_model and n_heads {model['block']}.")
            elif model["sizes"] != own["sizes"]:
                found.append(f"The factors of {targets} have other sizes than with rank 8.")
            elif not _same_numbers(model["alphas"], own["alphas"]):
                says = (
                    f"The adapters of {targets} add another share of x A^T B^T than with rank=8 and alpha=16."
                )
                found.append(says)
    return found


def _same_numbers(a: Any, b: Any) -> bool:
    if not isinstance(a, dict) or not isinstance(b, dict):
        return True
    pairs = [(a[name], b[name]) for name in a if name in b]
    return all(abs(x - y) <= 1e-3 * abs(y) for x, y in pairs if math.isfinite(x) and math.isfinite(y))


def _same(a: Tensor, b: Tensor, bound: float) -> bool:
    return a.shape == b.shape and float((a - b).abs().max()) <= bound * float(a.abs().max())


def start(arguments: Values, seen: Values) -> list[str]:
    """Where the blocks are not fresh, or start from different weights."""
    found = []
    for configs, _, call in _trained_calls(arguments, seen):
        models = _models(seen, configs, call)
        if len(models) < len(configs):
            found.append(f"Blocks that were trained for {len(configs)} configurations: {len(models)}.")
        kept = all(_same(own["before"], own["start"], SAME_START) for own in (_own(seen, t) for t in configs))
        for number, model in enumerate(models, start=1):
            if kept and not _same(models[0]["start"], model["start"], SAME_START):
                found.append(f"Configuration {number} starts from other weights than configuration 1.")
    return found


def data(arguments: Values, seen: Values) -> list[str]:
    """Where the data are others than the lab's, or differ."""
    found = []
    for configs, _, call in _trained_calls(arguments, seen):
        if call["data made"] is not True:
            found.append("The data do not come from `generate_synthetic_data`.")
        used = [model["data"] for model in _models(seen, configs, call)]
        for number, names in enumerate(used, start=1):
            if names and used[0] and names != used[0]:
                found.append(f"Configuration {number} trains on other data than configuration 1.")
    return found


def independent(arguments: Values, seen: Values) -> list[str]:
    """Where the losses of a configuration change with the others."""
    known: dict[str, list[float]] = {}
    found = []
    for configs, _, call in _calls(arguments, seen):
        for targets, entry in _entries(configs, call):
            first, losses = known.setdefault("+".join(targets), entry["losses"]), entry["losses"]
            if len(first) == len(losses) and any(
                abs(a - b) > SAME_LOSS * max(abs(a), abs(b)) for a, b in zip(first, losses, strict=True)
            ):
                found.append(f"The losses of {targets} change when other configurations are listed with it.")
    return found


def trains(arguments: Values, seen: Values) -> list[str]:
    """Where losses rise or stay, or factors do not change."""
    found = []
    for configs, _, call in _calls(arguments, seen):
        for targets, entry in _entries(configs, call):
            found += _losses_off(targets, entry["losses"])
    for configs, _, call in _trained_calls(arguments, seen):
        for targets, model in zip(configs, _models(seen, configs, call), strict=False):
            able = {is_factor(name) for name, (_, on) in _own(seen, targets)["parameters"].items() if on} - {
                ""
            }
            if stuck := able - _changed(model):
                names = " and ".join(f"lora_{letter}" for letter in sorted(stuck))
                found.append(f"With {targets}, {names} is the same after training as before.")
    return found


def _losses_off(targets: list[str], losses: list[float]) -> list[str]:
    if not all(map(math.isfinite, losses)):
        return [f"The losses of {targets} are not finite."]
    if len(losses) > 1 and len(set(losses)) == 1:
        return [f"The losses of {targets} are all equal: nothing is trained."]
    third = max(1, len(losses) // 3)
    first, last = sum(losses[:third]) / third, sum(losses[-third:]) / third
    if last > LAST_THIRD * first:
        return [f"The losses of {targets} rise: {first:.6g} at first, {last:.6g} at the end."]
    return []


def only_adapters(arguments: Values, seen: Values) -> list[str]:
    """Where training changed more than the adapters."""
    found = []
    for configs, _, call in _trained_calls(arguments, seen):
        for targets, model in zip(configs, _models(seen, configs, call), strict=False):
            own = _own(seen, targets)
            fair = all(not on or is_factor(name) for name, (_, on) in own["parameters"].items())
            fair = fair and _same(own["before"], own["start"], SAME_START)
            if fair and not _same(model["start"], model["end"], UNCHANGED):
                found.append(
                    f"After training {targets}, the block without its adapters computes something else than before."
                )
    return found


COMPARISON: Mapping[str, View] = {
    "entries off": entries, "epochs off": epochs, "counts off": counts, "setting off": setting, "start off": start,
    "data off": data, "independent off": independent, "trains off": trains, "adapters off": only_adapters,
}  # fmt: skip
