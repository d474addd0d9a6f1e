"""What to look at in `add_lora_to_model_selective` and `compare_target_modules`."""

from __future__ import annotations

import inspect
import random
import sys
import types
from contextlib import suppress
from typing import Any

import numpy
import torch
from torch import Tensor, nn

from .. import wire
from ..calling import call
from ..watching import Record, evaluating, factors_of, is_factor
from ..watching import watch as watch  # called when a submission is loaded

LEAVES: dict[str, Any] = {
    "linear": lambda spec: nn.Linear(spec["in"], spec["out"], bias=spec["bias"] is not False),
    "norm": lambda spec: nn.LayerNorm(spec["in"]),
    "conv": lambda spec: nn.Conv1d(spec["in"], spec["in"], 1),
    "embedding": lambda spec: nn.Embedding(5, spec["in"]),
    "identity": lambda spec: nn.Identity(),
    "plain norm": lambda spec: nn.LayerNorm(spec["in"], elementwise_affine=False),
    "lookalike": lambda spec: Project(spec["in"]),
}


class Node(nn.Module):
    """A module that only holds others."""


class Project(nn.Module):
    """No `nn.Linear`, though it has what one has."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.in_features = self.out_features = size
        self.weight = nn.Parameter(torch.ones(size, size))
        self.bias = None

    def forward(self, x: Tensor) -> Tensor:
        """The product with the weight."""
        return x @ self.weight.T


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


def offer_for_pickling() -> None:
    """Make the classes of the models importable, as those of any model are: `torch.save(model, file)` works."""
    module = sys.modules.setdefault("graded_models", types.ModuleType("graded_models"))
    for kind in (Node, Bag, Project):
        kind.__module__, kind.__qualname__ = "graded_models", kind.__name__
        vars(module).setdefault(kind.__name__, kind)


def build(specs: list[dict[str, Any]]) -> Bag:
    """The model that the specs describe: leaves with dotted names, containers on the way as asked."""
    offer_for_pickling()
    bag = Bag([spec["name"] for spec in specs if spec["kind"] in LEAVES])
    for spec in specs:
        parent, _, name = spec["name"].rpartition(".")
        if spec["kind"] == "parameter":
            bag.get_submodule(parent).register_parameter(name, nn.Parameter(torch.ones(3)))
            continue
        if spec["kind"] == "none":
            bag.get_submodule(parent).register_module(name, None)
            continue
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


def is_below_its_name(model: nn.Module, name: str) -> bool:
    """Whether a parameter is found by its dotted name, step by step (a module's own key may hold a dot)."""
    with suppress(AttributeError):
        model.get_parameter(name)
        return True
    return False


def model_of(module: Any, a: dict[str, Any]) -> tuple[nn.Module, Any]:
    """A new model of the case, and its inputs."""
    if a["specs"] is None:
        return module.given.SimpleTransformerBlock(16, 2), a["inputs"][0]
    return build(a["specs"]).requires_grad_(not a["frozen"]), a["inputs"]


def inject(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Inject into one model; look at names, flags, objects and outputs; set the factors; look again."""
    step = "add_lora_to_model_selective"
    if a["twin"] is not None:
        seen["twin"] = twin(module, a)
        step += "" if seen["twin"] else " (with all arguments written out too)"
        with suppress(Exception):  # what another call was given is no default of this one
            others = nn.ModuleDict({"up_proj": nn.Linear(2, 2), "v_proj": nn.Linear(2, 2)})
            module.add_lora_to_model_selective(others, 1, 2, ["up_proj"])
    model, inputs = model_of(module, a)
    before = dict(model.named_modules())
    seen["modules before"] = {
        name: [number, type(child) is nn.Linear] for number, (name, child) in enumerate(before.items())
    }
    places = {id(child): number for number, child in enumerate(before.values())}
    seen["y before"] = run(model, inputs)
    seen.at(step)
    result = call(module.add_lora_to_model_selective, [model], a["named"], a["call"])
    seen["same model"] = result is model
    seen["returned"] = (
        "a module" if isinstance(result, nn.Module) else "None" if result is None else type(result).__name__
    )
    model = with_factors(model, result)
    seen["modules"] = {name: places.get(id(child), -1) for name, child in model.named_modules()}
    seen["parameters"] = flags_of(model)
    seen.at("the model's forward pass after injection")
    seen["y after"] = run(model, inputs)
    if a["specs"] is None:
        seen.at("backward")
        seen["first gradients"] = first_gradients(model, inputs)
    seen.at("copying values into the factors")
    factors = {name: p for name, p in model.named_parameters(remove_duplicate=False) if is_factor(name)}
    own = set_factors(factors, a["factor seed"])
    seen["factors set"] = own
    seen["factors"] = {name: p.detach().clone() for name, p in factors.items()}
    seen.at("the model's forward pass")
    with evaluating(model):  # adapters may have a dropout of their own
        seen["y set"] = run(model, inputs)
        copy_factors({name: torch.zeros_like(value) for name, value in own.items()}, factors)
        seen["y without"] = run(model, inputs)
        copy_factors(own, factors)
        if a["call"] == "positional":
            inject_elsewhere(module, a)
            seen["factors beside another"] = {name: p.detach().clone() for name, p in factors.items()}
            seen["y beside another"] = run(model, inputs)
    y = model(inputs)
    seen.at("backward")
    if y.requires_grad:
        y.sum().backward()
    seen["with gradient"] = [
        name for name, p in factors.items() if p.grad is not None and bool((p.grad != 0).any())
    ]


def first_gradients(model: nn.Module, inputs: Any) -> list[str]:
    """The factors that get a gradient at injection, of a sum of the output that a norm does not make constant."""
    y = model(inputs)
    if y.requires_grad:
        (y * torch.linspace(-1, 1, y.numel()).reshape(y.shape)).sum().backward()
    factors = {name: p for name, p in model.named_parameters(remove_duplicate=False) if is_factor(name)}
    found = [name for name, p in factors.items() if p.grad is not None and bool((p.grad != 0).any())]
    model.zero_grad()
    return found


def inject_elsewhere(module: Any, a: dict[str, Any]) -> None:
    """Inject into another model of the case, with twice the alpha: no business of the first."""
    with suppress(Exception):
        named = {**a["named"], "alpha": 2 * a["named"]["alpha"]}
        call(module.add_lora_to_model_selective, [model_of(module, a)[0]], named, a["call"])


def with_factors(model: nn.Module, result: Any) -> nn.Module:
    """The model, or a copy that was returned in its place."""
    if isinstance(result, nn.Module) and not any(is_factor(name) for name, _ in model.named_parameters()):
        return result
    return model


def flags_of(model: nn.Module) -> dict[str, list[Any]]:
    """Name -> [shape, requires_grad, letter] of the parameters; only what lies below its dotted name is a factor."""
    return {
        name: [list(p.shape), p.requires_grad, is_factor(name) if is_below_its_name(model, name) else ""]
        for name, p in model.named_parameters(remove_duplicate=False)
    }


def set_factors(factors: dict[str, nn.Parameter], seed: int) -> dict[str, Tensor]:
    """Give the factors small whole numbers, in the order of their names, and say which."""
    generator = torch.Generator().manual_seed(seed)
    own = {
        name: torch.randint(-3, 4, factors[name].shape, generator=generator).to(torch.float32)
        for name in sorted(factors)
    }
    copy_factors(own, factors)
    return own


def copy_factors(values: dict[str, Tensor], factors: dict[str, nn.Parameter]) -> None:
    """Copy values into the factors, in place."""
    with torch.no_grad():
        for name, value in values.items():
            factors[name].copy_(value)


def twin(module: Any, a: dict[str, Any]) -> dict[str, Any]:
    """A new model of the case with all arguments written out: its parameters, and its output with factors set.

    As far as it comes where that raises. What is wrong there as well is no fault of the arguments that were left out.
    """
    found: dict[str, Any] = {}
    with suppress(Exception):
        model, inputs = model_of(module, a)
        model = with_factors(model, module.add_lora_to_model_selective(model, **a["twin"]))
        found["parameters"] = flags_of(model)
        set_factors({name: p for name, p in model.named_parameters() if is_factor(name)}, a["factor seed"])
        with evaluating(model):
            found["y set"] = run(model, inputs)
    return found


# --- compare_target_modules --------------------------------------------------------------------------------


def compare(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Run the comparison, call after call, and show what it returned and what the given code noted."""
    record: Record = module.watched
    seen.at("add_lora_to_model_selective on the lab's block")
    every = {"+".join(targets): targets for configs, _ in a["calls"] for targets in configs}
    seen["own injection"] = {key: own_injection(module, targets, a["seed"]) for key, targets in every.items()}
    seen["default epochs"] = default_of(module.compare_target_modules, "n_epochs")
    seen["calls"] = []
    for configs, n_epochs in a["calls"]:
        torch.manual_seed(a["seed"])
        numpy.random.seed(a["seed"])
        random.seed(a["seed"])
        seen.at("compare_target_modules")
        try:
            with record.call():
                result = module.compare_target_modules(
                    [list(targets) for targets in configs], n_epochs=n_epochs
                )
        except Exception:
            with suppress(Exception):
                seen["models before it failed"] = record.summary()
            raise
        shown: dict[str, Any] = {"keys": type(result).__name__, "models": record.summary()}
        shown["data made"] = bool(record.made)
        if isinstance(result, list):
            shown["listed"] = [value(entry) for entry in result]
        if isinstance(result, dict):
            shown["keys"] = list(result)
            shown["entries"] = {str(key): value(entry) for key, entry in result.items()}
        seen["calls"] = [*seen["calls"], shown]


def own_injection(module: Any, targets: list[str], seed: int) -> dict[str, Any]:
    """The student's own injection into the lab's block: its parameters by name as [count, requires_grad], what
    the block computed before, and what there is to say about it after. Empty without factors."""
    torch.manual_seed(seed)
    record: Record = module.watched
    try:
        model = module.given.SimpleTransformerBlock()
        before = record.without_factors(model)
        result = module.add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=list(targets))
        model = model if factors_of(model) else result
        parameters = {name: [p.numel(), p.requires_grad] for name, p in model.named_parameters()}
        if not factors_of(model):
            return {}
        return {"parameters": parameters, "before": before, **record.about(model)}
    except Exception:
        return {}


def default_of(function: Any, name: str) -> Any:
    """The default of one of a function's parameters, None where it cannot be told."""
    with suppress(Exception):
        default = inspect.signature(function).parameters[name].default
        return default if type(default) is int else None
    return None


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
