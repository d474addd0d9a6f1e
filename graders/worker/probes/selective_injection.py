"""What to look at in `add_lora_to_model_selective` and `compare_target_modules`."""

from __future__ import annotations

import hashlib
import inspect
import random
import sys
import threading
import types
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import Any

import numpy
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

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


def offer_for_pickling() -> None:
    """Make the classes of the models importable, as those of any model are: `torch.save(model, file)` works."""
    module = sys.modules.setdefault("graded_models", types.ModuleType("graded_models"))
    for kind in (Node, Bag):
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
    return build(a["specs"]), a["inputs"]


def inject(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Inject into one model; look at names, flags, objects and outputs; set the factors; look again."""
    step = "add_lora_to_model_selective"
    if a["twin"] is not None:
        seen["twin"] = twin(module, a)
        step += "" if seen["twin"] else " (with all arguments written out too)"
    model, inputs = model_of(module, a)
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
    seen.at(step)
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
    model = with_factors(model, result)
    seen["modules"] = {name: places.get(id(child), -1) for name, child in model.named_modules()}
    seen["parameters"] = flags_of(model)
    seen["targets after"] = targets
    seen.at("the model's forward pass after injection")
    seen["y after"] = run(model, inputs)
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
    y = model(inputs)
    seen.at("backward")
    if y.requires_grad:
        y.sum().backward()
    seen["with gradient"] = [
        name for name, p in factors.items() if p.grad is not None and bool((p.grad != 0).any())
    ]


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

    Empty where that raises. What is wrong there as well is no fault of the arguments that were left out.
    """
    with suppress(Exception):
        model, inputs = model_of(module, a)
        model = with_factors(model, module.add_lora_to_model_selective(model, **a["twin"]))
        found: dict[str, Any] = {"parameters": flags_of(model)}
        set_factors({name: p for name, p in model.named_parameters() if is_factor(name)}, a["factor seed"])
        with evaluating(model):
            found["y set"] = run(model, inputs)
        return found
    return {}


# --- compare_target_modules --------------------------------------------------------------------------------


def watch(lab: Any) -> Record:
    """Let the given code note what happens to it, from before the submission is loaded."""
    record = Record()
    block, make_data = lab.SimpleTransformerBlock, lab.generate_synthetic_data
    forward = block.forward

    @wraps(forward)
    def noted_forward(self: nn.Module, x: Tensor) -> Any:
        record.forward(self, x)
        return forward(self, x)

    @wraps(make_data)
    def noted_data(*args: Any, **kwargs: Any) -> Any:
        x, y = make_data(*args, **kwargs)
        record.data(x, y)
        return x, y

    block.forward = noted_forward
    lab.generate_synthetic_data = noted_data
    return record


class Record:
    """What the given code saw: data that were made, and the blocks that ran with factors during a call."""

    def __init__(self) -> None:
        self.made: dict[bytes, str] = {}  # start of a sample -> the data that it is of
        self.models: dict[tuple[int, tuple[str, ...]], dict[str, Any]] = {}
        self.active = False
        self.looked_at: nn.Module | None = None
        self.looking = threading.RLock()  # blocks may be trained in threads

    def data(self, x: Tensor, y: Tensor) -> None:
        """Note data that were made."""
        name = mark(x) + mark(y)
        self.made.update(dict.fromkeys(samples(x), name))

    def forward(self, model: nn.Module, x: Tensor) -> None:
        """Note a run of a block, unless something about it cannot be noted."""
        if self.active and model is not self.looked_at:
            with self.looking, suppress(Exception), torch._C._DisableFuncTorch():
                self.note(model, plain(x))

    def note(self, model: nn.Module, x: Tensor) -> None:
        """What a block with factors computes without them at its first run, its factors and its data."""
        factors = factors_of(model)
        if not factors:
            return
        key = (id(model), tuple(factors))
        if key not in self.models:
            self.models[key] = {
                "model": model,
                "first": marks(factors),
                "data": [],
                "samples": set(),
                "grad": False,
                **self.about(model),
            }
        known = self.models[key]
        known["last"] = marks(factors)
        known["grad"] |= torch.is_grad_enabled()
        if torch.is_grad_enabled() and x.dim() == 3:
            known["samples"].update(samples(x))
            names = {self.made[sample] for sample in samples(x) if sample in self.made}
            known["data"] += sorted(names - set(known["data"]))

    def about(self, model: nn.Module) -> dict[str, Any]:
        """A block's sizes, what it computes without its factors, and how much of them its layers add."""
        parameters = dict(model.named_parameters())
        return {
            "block": [model.d_model, model.n_heads],
            "sizes": sorted(p.numel() for name, p in parameters.items() if is_factor(name)),
            "trainable": sum(p.numel() for p in parameters.values() if p.requires_grad),
            "alphas": self.alphas(model),
            "fresh": all(not plain(p).any() for name, p in parameters.items() if is_factor(name) == "B"),
            "start": self.without_factors(model),
        }

    def without_factors(self, model: nn.Module) -> Tensor:
        """What a block computes of a fixed input in evaluation with all its factors 0; it stays as it is."""
        x = torch.randn(2, 4, int(model.d_model), generator=torch.Generator().manual_seed(1))  # type: ignore[arg-type]
        with self.looking_at(model):
            tensors = {**dict(model.named_parameters()), **dict(model.named_buffers())}
            if any(is_wrapped(tensor) for tensor in tensors.values()):
                own = {n: 0 * plain(t) if is_factor(n) else plain(t) for n, t in tensors.items()}
                y: Tensor = torch.func.functional_call(model, own, (x,))
            else:
                with all_set(factors_of(model), 0.0):
                    y = type(model).forward(model, x.to(next(model.parameters()).dtype))
            return y.to(torch.float32).clone()

    def alphas(self, model: nn.Module) -> dict[str, float] | None:
        """For each layer with factors, its alpha: with all entries c, (alpha / rank) B A has entries alpha c^2."""
        factors = factors_of(model)
        if any(is_wrapped(tensor) for tensor in model.parameters()):
            return None
        found, dtype, c = {}, next(iter(factors.values())).dtype, 0.125
        with suppress(Exception), self.looking_at(model):
            for name in {factor.split(".")[0] for factor in factors}:
                layer, d = model.get_submodule(name), int(model.d_model)  # type: ignore[arg-type]
                x = torch.eye(2 * d if name == "down_proj" else d, dtype=dtype)[None]
                with all_set(factors, 0.0):
                    y0 = layer(x)
                with all_set(factors, c):
                    y1 = layer(x)
                found[name] = float((y1 - y0).mean()) / c**2
        return found

    @contextmanager
    def looking_at(self, model: nn.Module) -> Iterator[None]:
        """Nothing is noted, the model evaluates; afterwards it is as before."""
        with self.looking, evaluating(model), torch.no_grad():
            self.looked_at = model
            try:
                yield
            finally:
                self.looked_at = None

    @contextmanager
    def call(self) -> Iterator[None]:
        """Note the blocks that run from here on, and no others."""
        self.models, self.active = {}, True
        try:
            yield
        finally:
            self.active = False

    def summary(self) -> list[dict[str, Any]]:
        """For each block that ran with factors: what was noted, and what it computes without its factors now."""
        objects = list(dict.fromkeys(id(known["model"]) for known in self.models.values()))
        return [
            {**{key: item for key, item in known.items() if key != "model"}, "object": objects.index(id(known["model"])),
             "samples": hashlib.sha256(b"".join(sorted(known["samples"]))).hexdigest()[:16], "end": self.without_factors(known["model"]), "now": marks(factors_of(known["model"]))}
            for known in self.models.values()
        ]  # fmt: skip


def factors_of(model: nn.Module) -> dict[str, Tensor]:
    """The factors by name."""
    return {name: p for name, p in model.named_parameters() if is_factor(name)}


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation; afterwards its modes and cached weights are as before. (It draws nothing then.)"""
    training = {part: part.training for part in model.modules()}
    cached, parametrize._cache_enabled = parametrize._cache_enabled, 0
    try:
        for part in training:
            part.training = False
        yield
    finally:
        for part, flag in training.items():
            part.training = flag
        parametrize._cache_enabled = cached


@contextmanager
def all_set(tensors: dict[str, Tensor], value: float) -> Iterator[None]:
    """The tensors hold one value for a while; autograd, which may need them later, does not notice (`data`)."""
    values = {name: tensor.data.clone() for name, tensor in tensors.items()}
    try:
        for tensor in tensors.values():
            tensor.data.fill_(value)
        yield
    finally:
        for name, tensor in tensors.items():
            tensor.data.copy_(values[name])


def plain(tensor: Tensor) -> Tensor:
    """The tensor itself, without the wrappers of `torch.func` and without a graph."""
    while is_wrapped(tensor):
        tensor = torch._C._functorch.get_unwrapped(tensor)
    return tensor.detach()


def is_wrapped(tensor: Tensor) -> bool:
    """Whether `torch.func` looks at a tensor."""
    return bool(torch._C._functorch.is_functorch_wrapped_tensor(tensor))


def mark(tensor: Tensor) -> str:
    """A short fingerprint of a tensor's values."""
    values = plain(tensor).to(torch.float32).contiguous().numpy()
    return hashlib.sha256(values.tobytes()).hexdigest()[:16]


def marks(tensors: dict[str, Tensor]) -> dict[str, str]:
    """Their fingerprints."""
    return {name: mark(tensor) for name, tensor in tensors.items()}


def samples(x: Tensor) -> list[bytes]:
    """The start of each sample, which tells it from all others."""
    start = x.detach()[:, :1, :16].to(torch.float32).contiguous().numpy()
    return [sample.tobytes() for sample in start]


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
