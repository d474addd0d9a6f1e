"""The experiment on `add_lora_to_model_selective`: which models, which calls, who is blamed for an exception."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from graders import claims
from graders.exercise import Case, Exercise, Experiment, Failure, NotApplicable, Seen, Violation
from graders.exercises.selective_injection.injection_expected import Expected, alpha_of, rank_of, targets_of
from graders.exercises.selective_injection.models import (
    ALL_SEVEN,
    CONTAINERS,
    DEFAULT_TARGETS,
    LAYER_NAMES,
    MODEL_WORDS,
    MODELS,
    OTHER_KINDS,
    TARGETS,
    leaves,
)

exercise = Exercise(
    "selective_injection",
    "Selective injection",
    ("add_lora_to_model_selective", "compare_target_modules"),
    order=2,
)
Verdict = Violation | NotApplicable | None


class Inject(Experiment):
    """Inject into one model."""

    id, probe = "inject", "inject"
    notes = frozenset({
        "modules before", "y before", "same model", "returned", "modules", "parameters", "y after", "factors set", "factors", "y set",
        "y without", "with gradient",
    })  # fmt: skip
    space = {
        "model": ("flat", "nested", "layers", "deep", "names", "others", "mixed"),
        "targets": TARGETS,
        "rank": (1, 2, 3, 4, 8),
        "alpha": (1, 2, 16, 0.5, 3.0),
        "call": ("keywords", "positional"),
        "bias": ("all", "none", "some"),
        "flags": ("as made", "as made", "frozen"),
    }
    base = {
        "model": "flat",
        "targets": ["q_proj", "v_proj"],
        "rank": 2,
        "alpha": 16,
        "call": "keywords",
        "bias": "all",
        "flags": "as made",
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
        {"model": "layers", "targets": ["v_proj"], "call": "without alpha", "rank": 4},
        {"model": "flat", "targets": ["q_proj", "v_proj"], "call": "without rank", "alpha": 3.0},
        {"model": "names", "targets": ["q_proj"]},
        {"model": "names", "targets": ALL_SEVEN, "rank": 3},
        {"model": "names", "targets": DEFAULT_TARGETS, "flags": "frozen"},
        {"model": "nested", "targets": ["q_proj", "v_proj"], "flags": "frozen"},
        {"model": "inner", "targets": ["fc", "linear", "layer"]},
        {"model": "flat", "rank": 32},
        {"model": "nested", "targets": ["o_proj"], "rank": 64, "alpha": 1},
        {"model": "flat", "targets": []},
        {"model": "nested", "targets": [], "call": "positional"},
        {"model": "block", "targets": ["q_proj", "v_proj"]},
        {"model": "block", "targets": None, "call": "defaults"},
        {"model": "block", "targets": ALL_SEVEN, "rank": 4},
        {"model": "mixed", "targets": ["q_proj", "v_proj", "up_proj"]},
        {"model": "mixed", "targets": DEFAULT_TARGETS, "rank": 3},
        {"model": "mixed", "targets": ALL_SEVEN},
        {"model": "flat", "targets": ["v_proj", "up_proj"], "rank": 4},
        {"model": "flat", "targets": ["q_proj", "lm_head"], "rank": 3},
        {"model": "flat", "targets": DEFAULT_TARGETS, "rank": 3, "alpha": 3.0, "call": "positional"},
    )

    def specs(self, case: Case) -> list[dict[str, Any]] | None:
        """The model's modules, with sizes and weights; None for the lab's block."""
        if case["model"] == "block":
            return None
        rng = np.random.Generator(np.random.Philox(key=[case["seed"], 9]))
        least = 3 if case["model"] == "inner" else 1  # the factors of a small layer may have a product of 0
        specs: list[dict[str, Any]] = []
        for at, (name, kind) in enumerate(MODELS[case["model"]]):
            if kind in CONTAINERS:
                specs.append({"name": name, "kind": "container", "holds": kind})
                continue
            if kind in ("parameter", "none"):
                specs.append({"name": name, "kind": kind})
                continue
            d_in, d_out = int(rng.integers(least, 7)), int(rng.integers(least, 7))
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
        style = "positional" if case["call"] == "positional" else "keywords"
        return {"specs": sent, "inputs": self.inputs(case, specs), "named": written(case), "call": style,
                "factor seed": case["seed"], "twin": twin_of(case), "frozen": case["flags"] == "frozen"}  # fmt: skip

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
        specs = self.specs(case)
        return Expected(case, specs, self.inputs(case, specs), seen)

    def blame(self, case: Case, failure: Failure) -> str:
        if matches_nothing(case):
            return ""
        if failure.step == "copying values into the factors":
            return "rank"
        if failure.step == "backward":
            return "factors_trainable"
        if failure.step == "the model's forward pass":
            return "scaling"
        if (
            case["model"] in OTHER_KINDS
        ):  # where something else is unusual too, it may be the one or the other
            whole = isinstance(case["alpha"], int)
            plain = case["model"] == "mixed" and case["bias"] == "all" and whole and twin_of(case) is None
            return "only_linear" if plain else ""
        holder = case["model"] == "names" and "k_proj" in targets_of(case)
        if holder and failure.step.startswith("add_lora"):
            return ""  # a module that holds others is called so, or it is something else: other models tell
        if failure.step.endswith("written out too)"):
            return "wraps_targets"
        if case["targets"] == []:
            return "empty_list"
        if case["targets"] is None or case["call"] in LEAVES_OUT:
            return "default_arguments"
        return "keeps_pretrained" if failure.step.startswith("the model's") else "wraps_targets"

    def describe(self, case: Case) -> dict[str, Any]:
        names = [
            f"{name}: {LAYER_NAMES[kind]}"
            for name, kind in MODELS.get(case["model"], [])
            if kind not in CONTAINERS
        ]
        targets = {"target_modules": case["targets"]}
        shown = {"model": names or "SimpleTransformerBlock(16, 2)", **targets, **written(case)}
        return {**shown, "frozen before": True} if case["flags"] == "frozen" else shown

    def traits(self, case: Case) -> dict[str, Any]:
        targets = targets_of(case)
        return {
            "model": MODEL_WORDS[case["model"]], "number of targets": len(targets), "rank": rank_of(case),
            "alpha": alpha_of(case), "alpha / rank": alpha_of(case) / rank_of(case), "layers with a bias": case["bias"], "flags": case["flags"],
        }  # fmt: skip


def matches_nothing(case: Case) -> bool:
    """Whether there are targets, and no Linear layer that they match: what happens then is not graded."""
    targets = targets_of(case)
    linears = [name for name, kind in MODELS.get(case["model"], []) if kind == "linear"] or ALL_SEVEN
    return bool(targets) and not any(name.rpartition(".")[2] in targets for name in linears)


LEAVES_OUT = {"defaults": ("rank", "alpha"), "without rank": ("rank",), "without alpha": ("alpha",)}


def written(case: Case) -> dict[str, Any]:
    """The arguments that the call writes after the model, in order."""
    left_out = LEAVES_OUT.get(case["call"], ())
    named = {name: case[name] for name in ("rank", "alpha") if name not in left_out}
    if case["targets"] is None and case["call"] == "defaults":
        return named
    return {**named, "target_modules": case["targets"]}


def twin_of(case: Case) -> dict[str, Any] | None:
    """The call with all arguments written out, where some are left out; with one target where there is none."""
    targets = targets_of(case) or ["v_proj"]
    if targets == case["targets"] and case["call"] not in LEAVES_OUT:
        return None
    return {"rank": rank_of(case), "alpha": alpha_of(case), "target_modules": targets}


def wire_spec(spec: dict[str, Any]) -> dict[str, Any]:
    """A spec as the worker wants it: the tensors under the parameters' names."""
    sent = {key: item for key, item in spec.items() if key not in ("has_bias", "bias")}
    if spec["kind"] == "linear":
        sent["bias"] = spec.get("has_bias", False)
    return sent


inject = Inject()
