"""Pictures of exercise 2: a model as a tree, with what was wrapped or trains, and the losses as curves."""

from __future__ import annotations

import math
from collections.abc import Container
from typing import Any

from graders.exercise import Case, Experiment, Seen
from graders.exercises.selective_injection.comparison_case import Compare, calls, entries_of, losses_of
from graders.exercises.selective_injection.injection_case import inject
from graders.exercises.selective_injection.injection_expected import Expected, parameters
from graders.exercises.selective_injection.models import CONTAINERS, LAYER_NAMES, MODELS

MOST_NODES = 60
MOST_EPOCHS = 120
WRAPPED = ("wraps_targets", "default_arguments", "empty_list", "only_linear")
TRAINED = ("rest_frozen", "factors_trainable")
LOSSES = ("epochs", "independent", "trains")
CALLS = ("first call", "second call", "third call")


def picture(experiment: Experiment, case: Case, seen: Seen, property_id: str) -> dict[str, Any] | None:
    """The model's layers, its parameters, or the losses: whatever the claim is about."""
    if isinstance(experiment, Compare):
        return _losses(case, seen, property_id) if property_id in LOSSES else None
    if experiment is not inject or property_id not in (*WRAPPED, *TRAINED):
        return None
    return _layers(case, seen, inject.oracle(case, seen)) if property_id in WRAPPED else _trained(seen)


def _layers(case: Case, seen: Seen, want: Expected) -> dict[str, Any] | None:
    kinds = {name: kind for name, kind in MODELS.get(case["model"], []) if kind not in CONTAINERS}
    found = want.found(seen)

    def word(name: str, wrapped: Container[str]) -> str:
        return (
            "wrapped" if name in wrapped else "left as it is" if name in kinds or name in want.linears else ""
        )

    nodes = [
        {
            "name": name,
            "what": LAYER_NAMES.get(kinds.get(name, ""), "Linear" if name in want.linears else ""),
            "yours": word(name, found),
            "expected": word(name, want.wrapped),
        }
        for name in want.places
        if name
    ]
    return _tree("Which layers were wrapped", nodes)


def _trained(seen: Seen) -> dict[str, Any] | None:
    nodes = [
        {
            "name": name,
            "what": "factor" if letter else "",
            "yours": "trainable" if trains else "frozen",
            "expected": "trainable" if letter else "frozen",
        }
        for name, (_, trains, letter) in parameters(seen).items()
    ]
    return _tree("Which parameters are trainable", nodes)


def _tree(title: str, nodes: list[dict[str, str]]) -> dict[str, Any] | None:
    """The tree, if something in it is not as asked."""
    if all(node["yours"] == node["expected"] for node in nodes):
        return None
    return {"kind": "tree", "title": title, "nodes": nodes[:MOST_NODES]}


def _losses(case: Case, seen: Seen, property_id: str) -> dict[str, Any]:
    pairs = [
        (entries_of(call, configs), which)
        for (configs, call), which in zip(calls(case, seen), CALLS, strict=False)
    ]
    if property_id == "independent":
        later = [targets for targets, _ in pairs[1][0]] if len(pairs) > 1 else []
        both = [targets for targets, _ in pairs[0][0] if targets in later]
        pairs = [([item for item in found if item[0] in both], which) for found, which in pairs[:2]]
    lines = []
    for found, which in pairs:
        for targets, entry in found:
            losses = losses_of(entry)[:MOST_EPOCHS]
            values = [loss if math.isfinite(loss) else None for loss in losses]
            lines.append({"label": f"{'+'.join(targets)}, {which}", "values": values})
    return {
        "kind": "curves",
        "title": "The losses that were returned",
        "x": "epoch",
        "y": "loss",
        "lines": lines,
    }
