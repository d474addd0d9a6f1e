"""Runs the wrong reference beside what was seen of a submission, by the same probe, and compares all of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from graders.exercise import Case, Experiment, Seen
from graders.exercises.lora_with_bias.wrong_layer import FLAGS, SCALES, AnyError, Ways, WrongLayer, holds
from graders.worker.probes import lora_with_bias as probes


class Beside:
    """One case, and what was seen in it."""

    def __init__(self, experiment: Experiment, case: Case, seen: Seen) -> None:
        self.probe, self.arguments, self.seen = experiment.probe, experiment.arguments(case), seen
        self.by_chance = experiment.id == "dropout"
        self.setting = setting_of(self.probe, self.arguments)
        self.verdicts: dict[Ways, bool] = {}
        self.differed: dict[str, set[Ways]] = {}  # by what was seen: the ways that do not show it

    def shows(self, ways: Ways) -> bool:
        """Whether a layer with these ways shows all that was seen, and nothing else."""
        if ways.merged and ways.start_B != "zero" and self.probe != "layer":
            return True  # what was merged is not known
        ways = in_case(ways, self.setting)
        if ways not in self.verdicts:
            known = any(behind(ways, name) in those for name, those in self.differed.items())
            self.verdicts[ways] = not known and self.run(ways)
        return self.verdicts[ways]

    def run(self, ways: Ways) -> bool:
        """The same, by running it. Stops at the first difference."""
        told = self.seen.failure
        compared = Compared(self.seen, all_at_once=self.by_chance)
        arguments = {
            name: deepcopy(value) if name == "x" else value for name, value in self.arguments.items()
        }
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(0)  # torch.manual_seed is slow
            try:
                getattr(probes, self.probe)(Factory(ways, self.seen), arguments, compared)
            except Differs as difference:
                self.differed.setdefault(difference.name, set()).add(behind(ways, difference.name))
                return False
            except Exception as error:
                kind = told.type if told and isinstance(error, AnyError) else type(error).__name__
                if told is None or (told.kind, told.step, told.type) != ("raised", compared.step, kind):
                    return False
            else:
                if told is not None:
                    return False
        if set(compared) != set(self.seen.values) - {"warnings"}:
            return False
        return not self.by_chance or self.alike_by_chance(compared)

    def alike_by_chance(self, shown: Mapping[str, Any]) -> bool:
        """Whether the rows of outputs and gradients come as often, and calls repeat each other in both or in neither."""
        seen = self.seen.values
        if any(form(seen[name]) != form(value) for name, value in shown.items()):
            return False
        if not all(same(seen[name], shown[name]) for name in WITHOUT_DROPOUT if name in shown):
            return False
        for together in (("y", "x grad"), ("y eval",), ("y again",)):
            names = [name for name in together if isinstance(shown.get(name), Tensor)]
            if names and not alike(
                counted([seen[name] for name in names]), counted([shown[name] for name in names])
            ):
                return False
        return all(
            torch.equal(seen["y"], seen[name]) == torch.equal(shown["y"], shown[name])
            for name in ("y eval", "y again")
            if name in shown
        )


def form(value: Any) -> str:
    """A tensor's dtype and shape."""
    return f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else "no tensor"


def alike(counts: Mapping[int, int], others: Mapping[int, int]) -> bool:
    """Whether two counts of equal totals may come from one distribution (chi square, far beyond chance)."""
    rows = counts.keys() | others.keys()
    pairs = [(counts.get(row, 0), others.get(row, 0)) for row in rows]
    return bool(
        sum((a - b) ** 2 / (a + b) for a, b in pairs) <= len(rows) + 8 * math.sqrt(2 * len(rows)) + 40
    )


def counted(tensors: list[Tensor]) -> dict[int, int]:
    """How often each row of all tensors side by side comes (to 1 / 64, by a hash)."""
    side = torch.cat([item.reshape(-1, item.shape[-1]) for item in tensors], 1).to(torch.float64)
    prime = torch.tensor([pow(1_000_003, at + 1, 2**31 - 1) for at in range(side.shape[1])])
    whole = (side.nan_to_num(-1e9, -1e9, -1e9) * 64).round().to(torch.int64)
    kinds, counts = (whole * prime).sum(1).unique(return_counts=True)
    return dict(zip(kinds.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True)
class Setting:
    """What of a case decides which ways can show in it."""

    probe: str
    alpha: float
    rank: int
    dropout: float
    train_bias: bool
    has_bias: bool
    came: tuple[bool, bool]  # whether the original weight and bias came trainable


def setting_of(probe: str, arguments: Mapping[str, Any]) -> Setting:
    """The setting of a case."""
    use, frozen = arguments["named"], arguments["frozen"]
    return Setting(probe, use["alpha"], use["rank"], use["dropout"], use["train_bias"], arguments["b"] is not None,
                   ("weight" not in frozen, "bias" not in frozen))  # fmt: skip


@lru_cache(maxsize=100_000)
def in_case(ways: Ways, at: Setting) -> Ways:
    """The ways of which all that cannot show in a case is as the contract wants it."""
    asked, changes = at.train_bias, dict[str, Any]()
    for name in ("scale", "scale_in_eval"):
        how = getattr(ways, name) or changes["scale"]
        plain = at.probe != "pair" and SCALES[how](at.alpha, at.rank) == at.alpha / at.rank
        changes[name] = "alpha / rank" if plain else how
    if not at.dropout:
        changes |= {"dropout": "input", "drops": "training", "kept": "scaled"}
        changes |= {"rate": "p"} if ways.rate == "1 - p or 0" or ways.dropout == "nowhere" else {}
    if at.probe != "pair":
        changes["shared"] = ""
    weight = "never" if at.has_bias and ways.flags_when == "no bias" else ways.weight_trains
    changes["weight_trains"] = "always" if FLAGS[weight](at.came[0], asked) else "never"
    if ways.flags_when == "no bias":
        changes["flags_when"] = ""
    as_asked = not at.has_bias or FLAGS[ways.bias_trains](at.came[1], asked) == asked
    changes["bias_trains"] = "asked" if as_asked else "not asked"
    if not at.has_bias or not holds(ways.bias_when, asked):
        changes["bias"] = "added"
    if at.has_bias or not holds(ways.crashes_when, asked):
        changes["crashes"] = ""
    changes |= {"bias_when": "always", "crashes_when": "always"}
    gains = {"under train_bias": not at.has_bias and asked, "without bias": not at.has_bias}
    if not gains.get(ways.bias_gained, True):
        changes["bias_gained"] = ""
    return replace(ways, **changes)


CREATED = (
    "lora_A kind", "lora_B kind", "lora_A", "lora_B", "lora_A stored", "lora_B stored", "trainable",
)  # fmt: skip
WITHOUT_DROPOUT = ("base", "all kept", "x grad without dropout", "A grad without dropout")
B_IS_ZERO = ("y base", "rows base", "zero base")
BEFORE_BACKWARD = ("first eval", "first train", *B_IS_ZERO, "y", "y again", "rows")
NO_PATH: dict[str, Any] = {"scale": "alpha / rank", "scale_in_eval": "alpha / rank"}
NO_FORWARD: dict[str, Any] = {
    **NO_PATH,
    "scaled": "path",
    "detached": frozenset(),
    "dropout": "input",
    "drops": "training",
    "rate": "p",
    "kept": "scaled",
}
NO_FLAGS: dict[str, Any] = {
    "detached": frozenset(),
    "weight_trains": "never",
    "bias_trains": "asked",
    "frozen": "",
    "flags_when": "",
}


def behind(ways: Ways, name: str) -> Ways:
    """The ways of which all that has no part in one thing that was seen is as the contract wants it."""
    if name in CREATED:
        return replace(ways, **NO_FORWARD)
    if name not in BEFORE_BACKWARD:
        return ways
    b_is_zero = name in B_IS_ZERO or (name.startswith("first") and ways.start_B == "zero")
    path = NO_PATH if b_is_zero and ways.scaled == "path" and not ways.merged else {}
    return replace(ways, **NO_FLAGS, **path)


class Factory:
    """Stands for the student's module: makes wrong layers whose factors start as the student's did."""

    def __init__(self, ways: Ways, seen: Seen) -> None:
        self.ways = ways
        self.others: dict[Any, nn.Parameter] = {}
        both = seen.values.get("A of both")
        second = both[1] if isinstance(both, list) and len(both) == 2 else None
        first = (seen.values.get("lora_A stored"), seen.values.get("lora_B stored"))
        self.starts = [(None, None), first, (second, None)]  # the probe makes a layer first to see its shapes

    def LoRALayerWithBias(
        self, original_layer: nn.Linear, rank: int = 4, alpha: float = 1.0, dropout: float = 0.0, train_bias: bool = False
    ) -> WrongLayer:  # fmt: skip
        """The wrong layer, called as the student's class is."""
        start = self.starts.pop(0) if self.starts else (None, None)
        return WrongLayer(self.ways, start, self.others, original_layer, rank, alpha, dropout, train_bias)


class Differs(Exception):
    """What was seen under `name` is not what the wrong reference shows."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class Compared(dict[str, Any]):
    """Takes what a probe sees of the wrong reference, and stops it at the first difference unless all comes `all_at_once`."""

    def __init__(self, seen: Seen, all_at_once: bool) -> None:
        super().__init__()
        self.seen, self.all_at_once, self.step = seen, all_at_once, ""

    def at(self, step: str) -> None:
        """From here on, an exception happened in this step."""
        self.step = step

    def __setitem__(self, name: str, value: Any) -> None:
        if name not in self.seen or not (self.all_at_once or same(self.seen[name], value)):
            raise Differs(name)
        super().__setitem__(name, value)


def same(got: Any, want: Any) -> bool:
    """Equal but for rounding; the items of a list in any order. No gradient is as good as one of zeros."""
    if got is None or want is None:
        return all(item is None or (isinstance(item, Tensor) and not item.any()) for item in (got, want))
    if isinstance(want, Tensor):
        return close(got, want)
    if isinstance(want, list):
        if not isinstance(got, list):
            return False
        if want and all(isinstance(item, str) for item in [*want, *got]):
            return set(got) == set(want)  # a parameter may be listed under two names
        if len(got) != len(want):
            return False
        rest = list(want)
        for item in got:
            at = next((at for at, other in enumerate(rest) if same(item, other)), None)
            if at is None:
                return False
            rest.pop(at)
        return True
    if isinstance(want, dict):
        return (
            isinstance(got, dict)
            and want.keys() == got.keys()
            and all(same(got[name], want[name]) for name in want)
        )
    if want == "Parameter":
        return got in ("Parameter", "Linear")
    return type(got) is type(want) and bool(got == want)


def close(got: Any, want: Tensor) -> bool:
    """Two tensors of one shape and dtype whose difference is rounding."""
    if not isinstance(got, Tensor) or got.shape != want.shape or got.dtype != want.dtype:
        return False
    relative = 1e-5 if want.dtype == torch.float32 else 1e-12
    return want.numel() == 0 or bool((got - want).abs().max() <= relative * want.abs().max())
