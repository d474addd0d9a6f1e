"""What to look at in `add_lora_to_model_selective` and `compare_target_modules`."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from .. import wire
from ..calling import call

LEAVES: dict[str, Any] = {
    "linear": lambda spec: nn.Linear(spec["in"], spec["out"], bias=spec["bias"] is not False),
    "norm": lambda spec: nn.LayerNorm(spec["in"]),
    "conv": lambda spec: nn.Conv1d(spec["in"], spec["in"], 1),
    "embedding": lambda spec: nn.Embedding(5, spec["in"]),
    "identity": lambda spec: nn.Identity(),
}


class Node(nn.Module):
    """A module that only holds others."""


class Bag(Node):
    """A model whose output is that of every layer on its own input, one after the other."""

    def __init__(self, names: list[str]) -> None:
        super().__init__()
        self.names = names

    def forward(self, inputs: list[Tensor]) -> Tensor:
        """Outputs of all layers, flattened and joined."""
        return torch.cat(
            [self.get_submodule(name)(x).flatten() for name, x in zip(self.names, inputs, strict=True)]
        )


def build(specs: list[dict[str, Any]]) -> Bag:
    """The model that the specs describe: leaves with dotted names, containers on the way as asked."""
    bag = Bag([spec["name"] for spec in specs if spec["kind"] != "container"])
    for spec in specs:
        parent, _, name = spec["name"].rpartition(".")
        if spec["kind"] == "container":
            made = {"node": Node, "list": nn.ModuleList, "dict": nn.ModuleDict, "sequential": nn.Sequential}[
                spec["holds"]
            ]()
        else:
            made = LEAVES[spec["kind"]](spec)
            with torch.no_grad():
                for key, parameter in made.named_parameters():
                    if key in spec:
                        parameter.copy_(spec[key])
        bag.get_submodule(parent).add_module(name, made)
    return bag


def run(model: nn.Module, inputs: Any) -> Tensor:
    """The model's output, without gradients."""
    with torch.no_grad():
        y: Tensor = model(inputs).clone()
    return y


def is_factor(name: str) -> str:
    """`A` or `B` for the parameters that the contract calls factors."""
    for end in ("lora_A", "lora_B"):
        if name == end or name.endswith((f".{end}", f".{end}.weight")):
            return end[-1]
    return ""


def inject(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Inject into one model; look at names, flags, objects and outputs; set the factors; look again."""
    lab_block = a["specs"] is None
    model = sys.modules["lab"].SimpleTransformerBlock(16, 2) if lab_block else build(a["specs"])
    inputs = a["inputs"][0] if lab_block else a["inputs"]
    before = dict(model.named_modules())
    seen["modules before"] = {
        name: [number, type(child) is nn.Linear] for number, (name, child) in enumerate(before.items())
    }
    places = {id(child): number for number, child in enumerate(before.values())}
    seen["y before"] = run(model, inputs)
    targets = a["targets"]
    named = {} if a["call"] == "defaults" else {"rank": a["rank"], "alpha": a["alpha"]}
    if targets is not None or a["call"] != "defaults":
        named["target_modules"] = targets
    seen.at("add_lora_to_model_selective")
    result = call(
        module.add_lora_to_model_selective,
        [model],
        named,
        "positional" if a["call"] == "positional" else "keywords",
    )
    seen["same model"] = result is model
    seen["returned"] = (
        "a module" if isinstance(result, nn.Module) else "None" if result is None else type(result).__name__
    )
    if (
        result is not model
        and isinstance(result, nn.Module)
        and not any(is_factor(n) for n, _ in model.named_parameters())
    ):
        model = result
    seen["modules"] = {name: places.get(id(child), -1) for name, child in model.named_modules()}
    seen["parameters"] = {
        name: [list(parameter.shape), parameter.requires_grad, is_factor(name)]
        for name, parameter in model.named_parameters(remove_duplicate=False)
    }
    seen["targets after"] = targets
    seen.at("the model's forward pass after injection")
    seen["y after"] = run(model, inputs)
    seen.at("copying values into the factors")
    factors = {name: p for name, p in model.named_parameters(remove_duplicate=False) if is_factor(name)}
    own = {}
    generator = torch.Generator().manual_seed(a["factor seed"])
    with torch.no_grad():
        for name in sorted(factors):
            own[name] = torch.randint(-3, 4, factors[name].shape, generator=generator).to(torch.float32)
            factors[name].copy_(own[name])
    seen["factors set"] = own
    seen["factors"] = {name: p.detach().clone() for name, p in factors.items()}
    seen.at("the model's forward pass")
    y = model(inputs)
    seen["y set"] = y.detach().clone()
    seen.at("backward")
    if y.requires_grad:
        y.sum().backward()
    seen["with gradient"] = [
        name for name, p in factors.items() if p.grad is not None and bool((p.grad != 0).any())
    ]


# --- compare_target_modules --------------------------------------------------------------------------------


def mark(tensor: Tensor) -> str:
    """A short fingerprint of a tensor's values."""
    return hashlib.sha256(tensor.detach().to(torch.float32).contiguous().numpy().tobytes()).hexdigest()[:16]


class Record:
    """What the given code saw while it was being used: `data` and `model`, then `run` for a model's later runs."""

    def __init__(self) -> None:
        self.models: dict[int, dict[str, Any]] = {}
        self.log: list[list[Any]] = []

    def data(self, x: Tensor, y: Tensor) -> None:
        """Note data that were made."""
        self.log.append(["data", mark(x) + mark(y)])

    def forward(self, model: nn.Module) -> None:
        """Note the weights the first time that a model runs with factors."""
        known = self.models.get(id(model))
        if known is None:
            factors = [name for name, _ in model.named_parameters() if is_factor(name)]
            if factors:
                start = {name: mark(p) for name, p in model.named_parameters()}
                self.models[id(model)] = {"model": model, "start": start, "factors": factors}
                self.log.append(["model", len(self.models) - 1])
        elif self.log[-1][0] == "data":
            self.log.append(["run", 0])

    def summary(self) -> list[dict[str, Any]]:
        """For each model with factors that ran: fingerprints at its first run and now."""
        return [
            {**{key: item for key, item in known.items() if key != "model"},
             "end": {name: mark(p) for name, p in known["model"].named_parameters()}}
            for known in self.models.values()
        ]  # fmt: skip


def recording(record: Record, lab: Any) -> dict[str, Any]:
    """Versions of the given code that note what happens to them."""
    block, make_data = lab.SimpleTransformerBlock, lab.generate_synthetic_data

    class SimpleTransformerBlock(block):  # type: ignore[misc, valid-type]
        """The lab's block; notes its first forward pass in training."""

        def forward(self, x: Tensor) -> Tensor:
            record.forward(self)
            return super().forward(x)  # type: ignore[no-any-return]

    def generate_synthetic_data(*args: Any, **kwargs: Any) -> Any:
        x, y = make_data(*args, **kwargs)
        record.data(x, y)
        return x, y

    return {
        "SimpleTransformerBlock": SimpleTransformerBlock,
        "generate_synthetic_data": generate_synthetic_data,
    }


def compare(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Run the comparison, call after call, with recording versions of the given code in the place of the lab's."""
    seen.at("add_lora_to_model_selective on the lab's block")
    every = {"+".join(targets): targets for configs in a["calls"] for targets in configs}
    seen["own injection"] = {key: own_injection(module, targets, a["seed"]) for key, targets in every.items()}
    seen["calls"] = []
    for configs in a["calls"]:
        record = Record()
        torch.manual_seed(a["seed"])
        numpy.random.seed(a["seed"])
        random.seed(a["seed"])
        seen.at("compare_target_modules")
        with replaced(recording(record, sys.modules["lab"]), module):
            result = module.compare_target_modules(
                [list(targets) for targets in configs], n_epochs=a["n_epochs"]
            )
        shown: dict[str, Any] = {"keys": type(result).__name__, "models": record.summary(), "log": record.log}
        if isinstance(result, dict):
            shown["keys"] = list(result)
            shown["entries"] = {str(key): value(entry) for key, entry in result.items()}
        seen["calls"] = [*seen["calls"], shown]


def own_injection(module: Any, targets: list[str], seed: int) -> dict[str, Any]:
    """Name -> [count, requires_grad] after the student's own injection into the lab's block; empty without factors."""
    torch.manual_seed(seed)
    try:
        model = sys.modules["lab"].SimpleTransformerBlock()
        result = module.add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=list(targets))
        model = model if any(is_factor(name) for name, _ in model.named_parameters()) else result
        entry = {name: [p.numel(), p.requires_grad] for name, p in model.named_parameters()}
    except Exception:
        return {}
    return entry if any(is_factor(name) for name in entry) else {}


@contextlib.contextmanager
def replaced(new: dict[str, Any], module: Any) -> Iterator[None]:
    """Put `new` in the place of the lab's names, in `lab` and wherever they were imported to."""
    lab = sys.modules["lab"]
    old = {name: getattr(lab, name) for name in new}
    spaces = [space.__dict__ for space in list(sys.modules.values()) if isinstance(space, types.ModuleType)]
    spaces.append(getattr(module.compare_target_modules, "__globals__", {}))
    changed = [(names, name) for names in spaces for name in new if names.get(name) is old[name]]
    for names, name in changed:
        names[name] = new[name]
    try:
        yield
    finally:
        for names, name in changed:
            names[name] = old[name]


def value(entry: Any) -> Any:
    """One entry of the comparison: numbers as floats, the rest as it is."""
    if not isinstance(entry, dict):
        return None
    shown: dict[str, Any] = {}
    for key in ("target_modules", "trainable_params", "losses", "final_loss"):
        if key not in entry:
            continue
        item = entry[key]
        if key == "losses":
            shown[key] = (
                [wire.real(loss) for loss in item]
                if isinstance(item, (list, tuple, Tensor)) or hasattr(item, "tolist")
                else item
            )
        elif key in ("trainable_params", "final_loss"):
            shown[key] = wire.real(item)
        else:
            shown[key] = item
    return shown
