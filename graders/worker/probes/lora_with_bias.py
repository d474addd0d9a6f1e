"""What to look at in `LoRALayerWithBias`."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ..calling import call


def build(module: Any, a: dict[str, Any], seen: Any, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """A float32 `nn.Linear` with these values, wrapped as the arguments say."""
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=bias is not None)
    with torch.no_grad():
        linear.weight.copy_(weight)
        if bias is not None:
            linear.bias.copy_(bias)
    linear.weight.requires_grad_("weight" not in a["frozen"])
    if bias is not None:
        linear.bias.requires_grad_("bias" not in a["frozen"])
    seen.at("creation")
    layer: nn.Module = call(module.LoRALayerWithBias, [linear], a["named"], a["call"])
    return layer


def stored(factor: Any) -> Any:
    """The tensor of a factor: the attribute itself, or the weight of an `nn.Linear`."""
    return factor.weight if isinstance(factor, nn.Linear) else factor


def factors_of(layer: nn.Module) -> list[Any]:
    """`lora_A` and `lora_B`, None where one is missing."""
    return [getattr(layer, name, None) for name in ("lora_A", "lora_B")]


class Reading(NamedTuple):
    """Where A (rank, in) and B (out, rank) are found: under which names, and which of them is transposed.

    A student who stores them otherwise pays for that once, and is judged on the rest as if they were stored as asked.
    """

    names: tuple[str, str] = ("lora_A", "lora_B")
    turned: tuple[bool, bool] = (False, False)

    def tensor(self, layer: Any, letter: str) -> Any:
        """The tensor of a factor as it is stored."""
        return stored(getattr(layer, self.names["AB".index(letter)]))

    def view(self, tensor: Tensor, letter: str) -> Tensor:
        """A factor, or its gradient, as the contract writes it."""
        return tensor.T if self.turned["AB".index(letter)] and tensor.dim() == 2 else tensor


READINGS = (
    Reading(),
    Reading(turned=(True, True)),
    Reading(turned=(True, False)),
    Reading(turned=(False, True)),
    Reading(("lora_B", "lora_A")),
)


def reading_of(module: Any) -> Reading:
    """How a layer of 5 inputs, 3 outputs and rank 2 stores its factors, where that tells."""
    with suppress(Exception):
        layer = module.LoRALayerWithBias(nn.Linear(5, 3), rank=2)
        for reading in READINGS:
            shapes = [tuple(reading.view(reading.tensor(layer, letter), letter).shape) for letter in "AB"]
            if shapes == [(2, 5), (3, 2)]:
                return reading
    return Reading()


def look_at_factors(layer: Any, seen: Any, reading: Reading) -> bool:
    """Note what `lora_A` and `lora_B` are, and A and B. False if they cannot be used."""
    usable = True
    for name in ("lora_A", "lora_B"):
        value = getattr(layer, name, None)
        seen[f"{name} kind"] = kind_of(value)
        tensor = stored(value)
        if isinstance(tensor, Tensor):
            seen[f"{name} stored"] = tensor.detach().clone()
        else:
            usable = False
    if usable:
        for letter in "AB":
            seen[f"lora_{letter}"] = reading.view(reading.tensor(layer, letter), letter).detach().clone()
    return usable


def kind_of(factor: Any) -> str:
    """What a factor is, in a word."""
    if isinstance(factor, nn.Linear):
        return "Linear" if factor.bias is None else "Linear with a bias"
    if isinstance(factor, nn.Parameter):
        return "Parameter"
    return "missing" if factor is None else type(factor).__name__


def rows_with_the_bias(layer: nn.Module, bias: Tensor | None) -> set[str]:
    """Names of parameters that hold the original bias in another shape, as a row (1, out) say."""
    factors = [stored(item) for item in factors_of(layer)]
    return {
        name
        for name, p in layer.named_parameters()
        if bias is not None
        and not any(p is item for item in factors)
        and p.dim() > 1
        and torch.equal(p.detach().flatten(), bias.to(p.dtype))
    }


def trainable(layer: nn.Module, rows: Collection[str] = ()) -> list[Tensor]:
    """Values of the parameters that are trained; those called `rows` in one dimension."""
    return [
        (p.flatten() if name in rows else p).detach().cpu().clone() for name, p in trained_parameters(layer)
    ]


def trained_parameters(layer: nn.Module) -> list[tuple[str, nn.Parameter]]:
    """Those with `requires_grad` among `parameters()`, but for biases of factors, which are paid for."""
    biases = biases_of_factors(layer)
    return [
        (name, p)
        for name, p in layer.named_parameters()
        if p.requires_grad and not any(p is bias for bias in biases)
    ]


def biases_of_factors(layer: nn.Module) -> list[Tensor]:
    """Biases of the factors, which should have none. `factors` says so; all else is judged as if they were 0."""
    return [item.bias for item in factors_of(layer) if isinstance(item, nn.Linear) and item.bias is not None]


def clear_biases_of_factors(layer: nn.Module) -> None:
    """Set them to 0, in place."""
    with torch.no_grad():
        for bias in biases_of_factors(layer):
            bias.zero_()


def set_factors(layer: Any, A: Tensor, B: Tensor, reading: Reading) -> None:
    """Copy values into the factors, in place."""
    for letter, value in (("A", A), ("B", B)):
        set_factor(layer, letter, value, reading)


def set_factor(layer: Any, letter: str, value: Tensor, reading: Reading) -> None:
    """Copy values into one factor, in place."""
    clear_biases_of_factors(layer)
    with torch.no_grad():
        target = reading.tensor(layer, letter)
        target.copy_(reading.view(value, letter).to(target.device, target.dtype))


def layer(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Create a layer, look at it, set its factors, run it, differentiate it, train one step."""
    reading = reading_of(module)
    wrapped = build(module, a, seen, a["W"], a["b"])
    usable = look_at_factors(wrapped, seen, reading)
    if not isinstance(wrapped, nn.Module):
        seen["returned"] = type(wrapped).__name__
        return
    bias_rows = rows_with_the_bias(wrapped, a["b"])
    seen["trainable"] = trainable(wrapped, bias_rows)
    x = a["x"]
    seen.at("the first forward pass")
    for mode in ("eval", "train"):
        wrapped.train(mode == "train")
        with torch.set_grad_enabled(mode == "train"):
            seen[f"first {mode}"] = wrapped(x.to(torch.float32, copy=True)).detach()
    if not usable:
        return
    seen.at(f".to(torch.{a['dtype']})")
    dtype = getattr(torch, a["dtype"])
    if a["device"] == "cuda":
        exact_products()  # whatever speed the code asked for
    wrapped.to(device=a["device"], dtype=dtype)
    x = x.to(device=a["device"], dtype=dtype)
    seen.at(f"forward after .to(torch.{a['dtype']})")
    with torch.no_grad():
        wrapped.eval()(x.clone())  # nothing that was kept in evaluation before is of use now
    rows = x.reshape(-1, x.shape[-1])
    seen["dtypes"] = [str(reading.tensor(wrapped, letter).dtype) for letter in "AB"]
    seen["devices"] = [reading.tensor(wrapped, letter).device.type for letter in "AB"]
    wrapped.train(a["mode"] == "train")
    seen.at("copying values into the factors")
    set_factors(wrapped, a["A"], torch.zeros_like(a["B"]), reading)
    seen.at("forward")
    zero = torch.zeros(1, rows.shape[1], device=a["device"], dtype=dtype)
    for name, value in (("y base", x), ("rows base", rows), ("zero base", zero)):
        seen[name] = wrapped(value.clone()).detach().cpu()
    seen.at("copying values into the factors")
    if not torch.equal(a["B at first"], a["B"]):
        set_factors(wrapped, a["A"], a["B at first"], reading)
        seen["rows"] = wrapped(rows.clone()).detach().cpu()
    set_factors(wrapped, a["A"], a["B"], reading)
    seen.at("forward")
    x, doubled = x.clone().requires_grad_(a["x_grad"]), 2 * x
    y = wrapped(x)
    seen["y"] = y.detach().cpu() if isinstance(y, Tensor) else y
    if "rows" not in seen:
        seen["rows"] = wrapped(rows.clone()).detach().cpu()
    with torch.no_grad():
        again = wrapped(x)
    seen["y again"] = again.detach().cpu() if isinstance(again, Tensor) else again
    seen["x after"] = x.detach().cpu()
    if a["call"] == "positional":
        seen["y refilled"] = refilled(wrapped, x)
    if not isinstance(y, Tensor) or y.shape != (*a["x"].shape[:-1], a["W"].shape[0]):
        return
    outputs = [y] if a["x_grad"] else [y, wrapped(doubled)]
    seen.at("backward")
    if all(output.requires_grad for output in outputs):
        torch.autograd.backward(outputs, [a["g"].to(y.device, y.dtype)] * len(outputs))
    for letter in "AB":
        grad = grad_of(wrapped, letter, reading)
        seen[f"lora_{letter} grad"] = None if grad is None else grad.cpu()
    seen["x grad"] = None if x.grad is None else x.grad.detach().cpu()
    seen["bias grads"] = [
        p.grad.detach().cpu().flatten()
        for name, p in trained_parameters(wrapped)
        if (p.dim() == 1 or name in bias_rows) and p.grad is not None
    ]
    seen.at("an optimizer step")
    chosen = [p for p in wrapped.parameters() if p.requires_grad]
    if chosen:
        torch.optim.SGD(chosen, lr=a["lr"]).step()
    clear_biases_of_factors(wrapped)
    for letter in "AB":
        seen[f"{letter} trained"] = reading.view(
            reading.tensor(wrapped, letter).detach().cpu().clone(), letter
        )
    seen["trained"] = trainable(wrapped, bias_rows)
    seen.at("forward after an optimizer step")
    with torch.no_grad():
        seen["y trained"] = wrapped(x).cpu()
        for letter, other in (("A", a["A"] * 2), ("B", a["B"] * 2)):
            set_factors(wrapped, a["A"], a["B"], reading)
            wrapped(x)
            set_factor(wrapped, letter, other, reading)
            seen[f"y other {letter}"] = wrapped(x).cpu()
        for bias in one_bias(wrapped, bias_rows):
            set_factors(wrapped, a["A"], a["B"], reading)
            wrapped(x)
            bias.mul_(2)
            seen["y other bias"] = wrapped(x).cpu()
            bias.div_(2)
    set_factors(wrapped, a["A"], torch.zeros_like(a["B"]), reading)
    seen["y base trained"] = wrapped(x).detach().cpu()
    if a["call"] != "keywords" or a["b"] is None or a["named"]["dropout"]:
        seen["twin"] = twin(module, a, reading)


def exact_products() -> None:
    """No product on a GPU is rounded more than its dtype says: convolutions take TF32 unless told otherwise."""
    backends: Any = torch.backends
    for place in (backends.cuda.matmul, backends.cudnn.conv, backends.cudnn.rnn):
        place.fp32_precision = "ieee"
    backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
    backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False


def refilled(layer: nn.Module, x: Tensor) -> Any:
    """The output for 2 x in the very tensor with which the layer was called before."""
    with torch.no_grad():
        buffer = x.detach().clone()
        layer(buffer)
        y = layer(buffer.mul_(2))
    return y.cpu() if isinstance(y, Tensor) else y


def one_bias(layer: nn.Module, rows: Collection[str]) -> list[nn.Parameter]:
    """The trained bias, where there is exactly one that may be it."""
    found = [p for name, p in trained_parameters(layer) if p.dim() == 1 or name in rows]
    return found if len(found) == 1 else []


def twin(module: Any, a: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """The same layer made in the plainest way, by keywords, with a bias, without dropout: what it computes and trains.

    What is wrong with it as well is no fault of the other call, the missing bias or the dropout. Empty where it raises.
    """
    with suppress(Exception):
        bias = torch.zeros(a["W"].shape[0]) if a["b"] is None else a["b"]
        named = {**a["named"], "dropout": 0.0}
        plain = build(module, {**a, "call": "keywords", "named": named}, Quiet(), a["W"], bias)
        found: dict[str, Any] = {} if a["b"] is None else {"trainable": len(trainable(plain))}
        dtype = getattr(torch, a["dtype"])
        plain.to(device=a["device"], dtype=dtype)
        plain.train(a["mode"] == "train")
        x = a["x"].to(device=a["device"], dtype=dtype)
        with torch.no_grad():
            for name, B in (("y base", torch.zeros_like(a["B"])), ("y", a["B"])):
                set_factors(plain, a["A"], B, reading)
                found[name] = plain(x).cpu()
        return found
    return {}


class Quiet:
    """Notes nothing."""

    def at(self, step: str) -> None:
        """What is being done."""


def pair(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Two layers: what is set in the second must not show in the first."""
    reading = reading_of(module)
    first = build(module, a, seen, a["W"], a["b"])
    with torch.no_grad():
        set_factors(first, a["A"], a["B"], reading)
        seen["y alone"] = first.eval()(a["x"].to(torch.float32))
    second = build(
        module, {**a, "named": {**a["named"], "alpha": 2 * a["named"]["alpha"]}}, seen, a["W2"], a["b"]
    )
    seen["A of both"] = [Reading().tensor(layer, "A").detach().clone() for layer in (first, second)]
    seen.at("copying values into the factors")
    set_factors(first, a["A"], a["B"], reading)
    set_factors(second, a["A2"], a["B2"], reading)
    seen.at("forward")
    first.eval()
    second.eval()
    with torch.no_grad():
        x = a["x"].to(torch.float32)
        seen["y of both"] = [first(x), second(x)]
    for letter in "AB":
        seen[f"{letter} of both set"] = [
            reading.view(reading.tensor(layer, letter), letter).detach().clone() for layer in (first, second)
        ]


def moves(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Where the factors and the trainable parameters are after `.to("meta")`."""
    reading = reading_of(module)
    wrapped = build(module, a, seen, a["W"], a["b"])
    seen.at('.to("meta")')
    wrapped.to("meta")
    seen["devices"] = [reading.tensor(wrapped, letter).device.type for letter in "AB"]
    seen["trainable devices"] = [p.device.type for p in wrapped.parameters() if p.requires_grad]


def grad_of(layer: Any, letter: str, reading: Reading) -> Tensor | None:
    """A factor's gradient as the contract writes the factor."""
    grad = reading.tensor(layer, letter).grad
    return None if grad is None else reading.view(grad.detach().clone(), letter)


def dropout(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Calls in training mode, evaluation mode and training mode, with values that show the mask."""
    reading = reading_of(module)
    wrapped = build(module, a, seen, a["W"], a["b"])
    plain = build(module, {**a, "named": {**a["named"], "dropout": 0.0}}, seen, a["W"], a["b"])
    for item in (plain, wrapped):
        seen.at("copying values into the factors")
        item.to(getattr(torch, a["dtype"]))
        set_factors(item, a["A"], torch.zeros_like(a["B"]), reading)
    seen.at("forward without dropout")
    x = a["x"].to(getattr(torch, a["dtype"])).requires_grad_(True)
    one = x.detach()[:1].reshape(-1, x.shape[-1])[:1]
    with torch.no_grad():
        seen["base"] = plain(one)
    for item in (plain, wrapped):
        set_factors(item, a["A"], a["B"], reading)
        reading.tensor(item, "A").grad = None  # or where all layers do: from an earlier case
    y = plain(one.requires_grad_(True))
    seen["all kept"] = y.detach()
    if y.requires_grad:
        y.sum().backward()
    seen["x grad without dropout"] = None if one.grad is None else one.grad.detach()
    seen["A grad without dropout"] = grad_of(plain, "A", reading)
    seen.at("forward in training mode")
    reading.tensor(wrapped, "A").grad = None  # it has one already where both layers share their factors
    wrapped.train()
    forward = (lambda x: torch.stack([wrapped(row) for row in x])) if a["single"] else wrapped
    y = forward(x)
    seen["y"] = y.detach()
    seen.at("backward in training mode")
    if y.requires_grad:
        y.sum().backward()
    seen["x grad"] = None if x.grad is None else x.grad.detach()
    seen["A grad"] = grad_of(wrapped, "A", reading)
    with torch.no_grad():
        seen.at("forward in evaluation mode")
        wrapped.eval()
        seen["y eval"] = forward(x)
        seen.at("forward in training mode")
        wrapped.train()
        seen["y again"] = forward(x)
