"""Python that shows the other cases of exercise 1 again: two layers, a layer that is moved, dropout."""

from __future__ import annotations

import torch
from torch import Tensor

from graders.exercise import Case, Violation
from graders.exercises.lora_with_bias.creation import pair
from graders.replay import NO_GRAD, SHOW, Line, ending, form, shown, tensor_source

SET = (
    "for factor, value in ((layer.lora_A, A), (layer.lora_B, B)):",
    '    getattr(factor, "weight", factor).detach().copy_(value)',
)


def pair_lines(case: Case, violation: Violation) -> list[Line]:
    """Two layers, the second with twice the alpha: the first one's factors, or its output."""
    sent, size, rank = pair.arguments(case), f"{case['in_features']}, {case['out_features']}", case["rank"]
    flag = case["train_bias"]

    def source(name: str) -> str:
        return tensor_source(sent[name].to(torch.float32))

    def made(name: str, alpha: int) -> list[Line]:
        called = f"LoRALayerWithBias({name}_linear, rank={rank}, alpha={alpha}, train_bias={flag})"
        return [f"{name} = {called.replace(f'{name}_linear', f'torch.nn.Linear({size})')}"]

    setting: list[Line] = [
        "for layer, A, B in ((first, A1, B1), (second, A2, B2)):",
        '    getattr(layer.lora_A, "weight", layer.lora_A).detach().copy_(A)',
        '    getattr(layer.lora_B, "weight", layer.lora_B).detach().copy_(B)',
    ]
    if violation.kind != "violated" and violation.step == "creation":
        return made("first", rank)
    values: list[Line] = [
        (f"{name}{at}", source(name + ("2" if at == 2 else ""))) for name in "AB" for at in (1, 2)
    ]
    if violation.message.startswith("y ") or violation.kind != "violated":
        share = sent["x"] @ sent["A"].T @ sent["B"].T
        y = sent["x"] @ sent["W"].T + sent["b"] + share
        linear: list[Line] = [
            f"linear = torch.nn.Linear({size})",
            f'linear.load_state_dict({{"weight": {source("W")}, "bias": {source("b")}}})',
            f"first = LoRALayerWithBias(linear, rank={rank}, alpha={rank}, train_bias={flag}).eval()",
        ]
        lines = [*linear, *values, ("x", source("x")), "first(x)", *made("second", 2 * rank), *setting]
        return (
            [*lines, "first(x)"]
            if violation.kind != "violated"
            else [*lines, SHOW, *ending("show(first(x))", shown(y))]
        )
    shows = '[show(getattr(f, "weight", f)) for f in (first.lora_A, first.lora_B)]'
    return [
        *made("first", rank), *made("second", 2 * rank), *values, *setting, SHOW,
        *ending(shows, f"[{shown(sent['A'])}, {shown(sent['B'])}]"),
    ]  # fmt: skip


def moves_lines(case: Case, violation: Violation) -> list[Line]:
    """Where the factors and trainable parameters of a layer are after `.to("meta")`."""
    bias = "" if case["bias"] else ", bias=False"
    lines: list[Line] = [
        f"layer = LoRALayerWithBias(torch.nn.Linear(4, 3{bias}), rank=2, alpha=4.0, train_bias={case['train_bias']})",
    ]
    if violation.kind != "violated":
        return lines if violation.step == "creation" else [*lines, 'layer.to("meta")']
    return [
        *lines, 'layer.to("meta")', 'factors = [getattr(f, "weight", f) for f in (layer.lora_A, layer.lora_B)]',
        "trainable = [p for p in layer.parameters() if p.requires_grad]",
        *ending("{p.device.type for p in (*factors, *trainable)}", "{'meta'}"),
    ]  # fmt: skip


# What the message of a dropout violation is about, by what should be: words, and the expression that is True then.
DROPOUT_FACTS = {
    "256 +": ("every y is 256 + (a sum of some of 1, 2, 4, 8) / (1 - p)", "bool(((kept - bits).abs() <= 0.01).all() and ((bits >= 0) & (bits <= 15)).all())"),
    "equal columns": ("the columns of y are equal", "bool((bits == bits[:, :1]).all())"),
    "a share of": ("something is dropped", "bool((bits < 15).any())"),
    "each input by itself": ("inputs are dropped one by one", "bool(((bits != 0) & (bits != 15)).any())"),
    "a mask for each row": ("rows differ in what is dropped", "bool((bits != bits[0]).any())"),
    "a mask for each token": ("tokens differ in what is dropped", "bool((y != y[:, :1]).any())"),
    "a new mask": ("a second call drops others", "not torch.equal(y, again)"),
}  # fmt: skip


def dropout_lines(case: Case, property_id: str, violation: Violation) -> list[Line]:
    """A layer whose output shows which inputs were dropped."""
    p, dtype, rank = case["p"], case["dtype"], case["rank"]
    moved = f".to(torch.{dtype})" if dtype != "float32" else ""
    flag, zeros = ("", ', "bias": torch.zeros(3)') if case["bias"] else (", bias=False", "")
    lines: list[Line] = [
        f"torch.manual_seed({case['seed']})",
        f"linear = torch.nn.Linear(4, 3{flag})",
        f'linear.load_state_dict({{"weight": torch.full((3, 4), 64.0){zeros}}})',
        f"layer = LoRALayerWithBias(linear, rank={rank}, alpha={float(rank)}, dropout={p}, train_bias={case['train_bias']})",
    ]
    if violation.step == "creation":
        return lines
    lines[-1] = f"{lines[-1]}{moved}"
    x = f"torch.ones({(*case['batch'], 4)}{f', dtype=torch.{dtype}' if moved else ''}, requires_grad=True)"
    A, B = "torch.tensor([[1.0, 2.0, 4.0, 8.0]])", "torch.ones(3, 1)"
    if rank > 1:
        A, B = f"torch.eye({rank}, 1) @ {A}", f"{B} @ torch.eye(1, {rank})"
    lines += [("A", A), ("B", B), ("x", x)]
    lines += SET
    run = "torch.stack([layer(row) for row in x])" if case["single"] else "layer(x)"
    if violation.kind != "violated":
        if violation.step == "copying values into the factors":
            return lines
        ends = {"forward in training mode": 1, "backward in training mode": 1}
        calls = [f"{run}.sum().backward()", f"layer.eval(), {run}"]
        return [*lines, *calls[: ends.get(violation.step, 2)]]
    if violation.message.startswith("y ") and (wrong := form("y", violation)):
        mode_name = "eval" if property_id == "no_dropout_in_eval" else "train"
        return [*lines, f"layer.{mode_name}()", f"y = {run}", *wrong]
    if property_id == "no_dropout_in_eval":
        return [
            *lines,
            f"{run}, layer.eval()",
            f"y = {run}",
            *ending("y.min().item(), y.max().item()", "271.0, 271.0"),
        ]
    if isinstance(violation.expected, Tensor) or "gradient" in violation.message:
        of_A = "gradient of lora_A" in violation.message
        lines += [f"(y := {run}).sum().backward()"]
        lines += ['grad = getattr(layer.lora_A, "weight", layer.lora_A).grad'] if of_A else []
        if wrong := form("grad" if of_A else "x.grad", violation):
            return [*lines, *wrong]
        lines.append(
            f"mask = ((y[..., :1] - 256) * (1 - {p!r})).round().long() >> torch.arange(4) & 1  # the inputs that were kept"
        )
        if of_A:
            kept = f"show(3 * mask.flatten(0, -2).sum(0) / (1 - {p!r}))"
            words = '"gradient of lora_A[0]"'
            return [*lines, SHOW, *ending(f"{words}, show(grad[0])", f"{words}, {kept}")]
        return [
            *lines, f"grad = 192 + 3 * mask * A[0] / (1 - {p!r})", "at = (x.grad - grad).abs().argmax()",
            *ending('"gradient of x", float(x.grad.flatten()[at])', '"gradient of x", float(grad.flatten()[at])'),
        ]  # fmt: skip
    start = next((start for start in DROPOUT_FACTS if str(violation.expected).startswith(start)), "")
    rows = "torch.cat([y, again])" if start in ("256 +", "equal columns") else "y"
    lines.append(f"(y := {run}).sum().backward()")
    if not isinstance(violation.expected, float):
        lines.append(f"*_, again = {NO_GRAD}, layer.eval(), {run}, layer.train(), {run}")
    lines.append(f"kept = ({rows}.flatten(0, -2) - 256) * (1 - {p!r})")
    if isinstance(violation.expected, float):
        share = "1 - float((kept[:, :1].round().long() >> torch.arange(4) & 1).double().mean())"
        words = f'"near {p}:"'
        near = round(6 * (p * (1 - p) / (4 * _rows(case))) ** 0.5, 4)
        return [*lines, f"share = {share}", 'print("share dropped:", round(share, 4))',
                *ending(f"{words}, abs(share - {p!r}) < {near}", f"{words}, True")]  # fmt: skip
    words, fact = DROPOUT_FACTS[start]
    lines.append("bits = kept.round()  # in each row a sum of 1, 2, 4, 8 for the inputs that were kept")
    return [*lines, *ending(f'"{words}:", {fact}', f'"{words}:", True')]


def _rows(case: Case) -> int:
    return int(torch.Size(case["batch"]).numel())
