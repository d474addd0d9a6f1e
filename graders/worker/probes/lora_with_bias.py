"""What to look at in `LoRALayerWithBias`."""

from __future__ import annotations

from typing import Any

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


def factor(layer: Any, name: str) -> Any:
    """The factor's tensor: the attribute itself, or the weight of an `nn.Linear`."""
    value = getattr(layer, name)
    return value.weight if isinstance(value, nn.Linear) else value


def look_at_factors(layer: Any, seen: Any) -> bool:
    """Note what `lora_A` and `lora_B` are. False if they cannot be used."""
    usable = True
    for name in ("lora_A", "lora_B"):
        value = getattr(layer, name, None)
        kind = (
            "Parameter"
            if isinstance(value, nn.Parameter)
            else "Linear"
            if isinstance(value, nn.Linear)
            else ""
        )
        seen[f"{name} kind"] = kind or ("missing" if value is None else type(value).__name__)
        if isinstance(value, nn.Linear) and value.bias is not None:
            seen[f"{name} kind"] = "Linear with a bias"
        tensor = value.weight if isinstance(value, nn.Linear) else value
        if isinstance(tensor, Tensor):
            seen[name] = tensor.detach().clone()
        else:
            usable = False
    return usable


def trainable(layer: nn.Module) -> list[Tensor]:
    """Values of the parameters with `requires_grad` among `parameters()`."""
    return [p.detach().cpu().clone() for p in layer.parameters() if p.requires_grad]


def set_factors(layer: Any, A: Tensor, B: Tensor) -> None:
    """Copy values into the factors, in place."""
    with torch.no_grad():
        for name, value in (("lora_A", A), ("lora_B", B)):
            target = factor(layer, name)
            target.copy_(value.to(target.device, target.dtype))


def layer(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Create a layer, look at it, set its factors, run it, differentiate it, train one step."""
    wrapped = build(module, a, seen, a["W"], a["b"])
    usable = look_at_factors(wrapped, seen)
    if not isinstance(wrapped, nn.Module):
        seen["returned"] = type(wrapped).__name__
        return
    seen["trainable"] = trainable(wrapped)
    x = a["x"]
    seen.at("the first forward pass")
    for mode in ("eval", "train"):
        wrapped.train(mode == "train")
        seen[f"first {mode}"] = wrapped(x.to(torch.float32)).detach()
    if not usable:
        return
    seen.at(f".to(torch.{a['dtype']})")
    dtype = getattr(torch, a["dtype"])
    wrapped.to(device=a["device"], dtype=dtype)
    x = x.to(device=a["device"], dtype=dtype)
    seen["dtypes"] = [str(factor(wrapped, name).dtype) for name in ("lora_A", "lora_B")]
    seen["devices"] = [factor(wrapped, name).device.type for name in ("lora_A", "lora_B")]
    wrapped.train(a["mode"] == "train")
    seen.at("copying values into the factors")
    set_factors(wrapped, a["A"], torch.zeros_like(a["B"]))
    seen.at("forward")
    seen["y base"] = wrapped(x).detach().cpu()
    seen.at("copying values into the factors")
    set_factors(wrapped, a["A"], a["B"])
    seen.at("forward")
    x = x.clone().requires_grad_(True)
    y = wrapped(x)
    seen["y"] = y.detach().cpu() if isinstance(y, Tensor) else y
    with torch.no_grad():
        again = wrapped(x)
    seen["y again"] = again.detach().cpu() if isinstance(again, Tensor) else again
    seen["x after"] = x.detach().cpu()
    if not isinstance(y, Tensor) or y.shape != (*a["x"].shape[:-1], a["W"].shape[0]):
        return
    seen.at("backward")
    if y.requires_grad:
        torch.autograd.backward(y, a["g"].to(y.device, y.dtype))
    for name in ("lora_A", "lora_B"):
        grad = factor(wrapped, name).grad
        seen[f"{name} grad"] = None if grad is None else grad.detach().cpu()
    seen["x grad"] = None if x.grad is None else x.grad.detach().cpu()
    seen["bias grads"] = [
        p.grad.detach().cpu()
        for p in wrapped.parameters()
        if p.requires_grad and p.dim() == 1 and p.grad is not None
    ]
    seen.at("an optimizer step")
    chosen = [p for p in wrapped.parameters() if p.requires_grad]
    if chosen:
        torch.optim.SGD(chosen, lr=a["lr"]).step()
    seen["A trained"] = factor(wrapped, "lora_A").detach().cpu().clone()
    seen["B trained"] = factor(wrapped, "lora_B").detach().cpu().clone()
    seen["trained"] = trainable(wrapped)
    seen.at("forward after an optimizer step")
    with torch.no_grad():
        seen["y trained"] = wrapped(x).cpu()
        for name, other in (("A", a["A"] * 2), ("B", a["B"] * 2)):
            set_factors(wrapped, a["A"], a["B"])
            wrapped(x)
            target = factor(wrapped, f"lora_{name}")
            target.copy_(other.to(target.device, target.dtype))
            seen[f"y other {name}"] = wrapped(x).cpu()
        set_factors(wrapped, a["A"], torch.zeros_like(a["B"]))
        seen["y base trained"] = wrapped(x).cpu()


def pair(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Two layers: what is set in the second must not show in the first."""
    first = build(module, a, seen, a["W"], a["b"])
    with torch.no_grad():
        set_factors(first, a["A"], a["B"])
        seen["y alone"] = first.eval()(a["x"].to(torch.float32))
    second = build(
        module, {**a, "named": {**a["named"], "alpha": 2 * a["named"]["alpha"]}}, seen, a["W2"], a["b"]
    )
    seen["A of both"] = [factor(layer, "lora_A").detach().clone() for layer in (first, second)]
    seen.at("copying values into the factors")
    set_factors(first, a["A"], a["B"])
    set_factors(second, a["A2"], a["B2"])
    seen.at("forward")
    first.eval()
    second.eval()
    with torch.no_grad():
        x = a["x"].to(torch.float32)
        seen["y of both"] = [first(x), second(x)]
    seen["A of both set"] = [factor(layer, "lora_A").detach().clone() for layer in (first, second)]
    seen["B of both set"] = [factor(layer, "lora_B").detach().clone() for layer in (first, second)]


def moves(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Where the factors and the trainable parameters are after `.to("meta")`."""
    wrapped = build(module, a, seen, a["W"], a["b"])
    seen.at('.to("meta")')
    wrapped.to("meta")
    seen["devices"] = [factor(wrapped, name).device.type for name in ("lora_A", "lora_B")]
    seen["trainable devices"] = [p.device.type for p in wrapped.parameters() if p.requires_grad]


def dropout(module: Any, a: dict[str, Any], seen: Any) -> None:
    """Calls in training mode, evaluation mode and training mode, with values that show the mask."""
    wrapped = build(module, a, seen, a["W"], a["b"])
    seen.at("copying values into the factors")
    wrapped.to(getattr(torch, a["dtype"]))
    set_factors(wrapped, a["A"], a["B"])
    seen.at("forward in training mode")
    wrapped.train()
    x = a["x"].to(getattr(torch, a["dtype"])).requires_grad_(True)
    forward = (lambda x: torch.stack([wrapped(row) for row in x])) if a["single"] else wrapped
    y = forward(x)
    seen["y"] = y.detach()
    seen.at("backward in training mode")
    y.sum().backward()
    seen["x grad"] = None if x.grad is None else x.grad.detach()
    with torch.no_grad():
        seen.at("forward in evaluation mode")
        wrapped.eval()
        seen["y eval"] = forward(x)
        seen.at("forward in training mode")
        wrapped.train()
        seen["y again"] = forward(x)
