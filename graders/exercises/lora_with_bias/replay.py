"""Python that shows a failing case of exercise 1 again: the layer, what happened to it, yours and expected."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, Experiment, Violation
from graders.exercises.lora_with_bias.creation import pair
from graders.exercises.lora_with_bias.dropout import dropout_run
from graders.exercises.lora_with_bias.layer import Formula, Layer, mode, named
from graders.exercises.lora_with_bias.moving import moves
from graders.exercises.lora_with_bias.replay_others import SET, dropout_lines, moves_lines, pair_lines
from graders.replay import (
    MOST_SHOWN,
    NO_GRAD,
    SHOW,
    Line,
    call_source,
    contents_source,
    ending,
    form,
    listed,
    number_source,
    script,
    shown,
    tensor_source,
)

STREAMS = {"W": 0, "b": 1, "A": 2, "B": 3, "x": 4, "g": 5}  # as in `Layer.tensors`
RUN = [
    'values = lambda factor: getattr(factor, "weight", factor).detach()',
    "run = lambda B: (values(layer.lora_A).copy_(A), values(layer.lora_B).copy_(B), layer(x).detach())[-1]",
]
SHARE = f"share = (-run(0 * B) + run(B)).flatten()[-{MOST_SHOWN}:]"  # with B = 0 first, as the judge did
FIRST = "layer.eval(), layer(x.clone()), layer.train(), layer(x.clone())"
TRAINED = "[p for p in layer.parameters() if p.requires_grad]"
STEP = f"torch.optim.SGD({TRAINED}, lr=0.0078125).step()"


def replay(experiment: Experiment, case: Case, property_id: str, violation: Violation, notebook: bool) -> str:
    """The script of one failed claim."""
    if experiment is pair:
        lines = pair_lines(case, violation)
    elif experiment is moves:
        lines = moves_lines(case, violation)
    elif experiment is dropout_run:
        lines = dropout_lines(case, property_id, violation)
    else:
        assert isinstance(experiment, Layer)
        lines = LayerLines(case, experiment.tensors(case), violation).of(property_id)
    return script("lora_with_bias", ["LoRALayerWithBias"], lines, notebook)


class LayerLines:
    """One case of one layer, from creation to a step of training."""

    def __init__(self, case: Case, tensors: dict[str, Any], violation: Violation) -> None:
        self.case, self.tensors, self.violation = case, tensors, violation
        self.formula = Formula(case, tensors)
        self.dtype = getattr(torch, case["dtype"])

    def of(self, name: str) -> list[Line]:
        """The lines for a claim: what it is about, or for a crash the calls up to it."""
        if self.violation.kind != "violated":
            return [*self.creation(seeded=True), *self.until(self.violation.step)]
        if self.violation.message.startswith("y ") and (wrong := form("y", self.violation)):
            return [*self.running(), *SET, "y = layer(x)", *wrong]
        if self.violation.message.startswith("The input"):
            x = shown(self.formula.x)
            return [
                *self.running(),
                *SET,
                "layer(x)",
                SHOW,
                *ending("tuple(x.shape), show(x)", f"{tuple(self.formula.x.shape)}, {x}"),
            ]
        found: list[Line] = getattr(self, name, self.output)()
        return found

    # --- the parts ---

    def source(self, name: str, dtype: torch.dtype | None = None) -> str:
        """An expression for a tensor of the case; its values are float32's."""
        value: Tensor = self.tensors[name]
        spread = 4 if name == "g" else 20 if self.dtype == torch.float64 else 6
        twice = "({}) * 2" if name == "b" else "{}"
        made = contents_source(
            self.case["contents"], value.shape, self.case["seed"], STREAMS[name], spread, twice
        )
        text = tensor_source(value.to(torch.float32), made)
        return text if dtype in (None, torch.float32) else f"{text}.to({dtype})"

    def creation(self, seeded: bool = False) -> list[Line]:
        """The layer as it was made; seeded as the judge did where random numbers show."""
        case, d_in, d_out = self.case, self.case["in_features"], self.case["out_features"]
        lines: list[Line] = [f"torch.manual_seed({case['seed']})"] if seeded else []
        bias = "" if case["bias"] else ", bias=False"
        state = f'"weight": {self.source("W")}' + (f', "bias": {self.source("b")}' if case["bias"] else "")
        frozen = [name for name in case["frozen"] if name == "weight" or case["bias"]]
        all_of_it = ".requires_grad_(False)" if len(frozen) == 1 + case["bias"] else ""
        lines.append(f"linear = torch.nn.Linear({d_in}, {d_out}{bias}){all_of_it}")
        if frozen and not all_of_it:
            lines.append(f"linear.{frozen[0]}.requires_grad_(False)")
        lines.append(f"linear.load_state_dict({{{state}}})")
        called = call_source("LoRALayerWithBias", ["linear"], named(case), case["call"])
        return [*lines, f"layer = {called}"]

    def running(self, *names: str, grad: bool = False, seeded: bool = False) -> list[Line]:
        """The layer as it was made, then prepared."""
        draws = (
            self.case["call"] == "defaults" and mode(self.case) == "train"
        )  # a dropout that is no default may
        return [*self.creation(seeded or draws), *self.prepared(*names, grad=grad)]

    def prepared(self, *names: str, grad: bool = False) -> list[Line]:
        """The input, the factors' values and what is named besides; first calls, then the case's dtype and mode."""
        names = ("x", "A", "B", *names)
        values: list[Line] = [
            (name, self.source(name, self.dtype) + (".requires_grad_()" if grad and name == "x" else ""))
            for name in names
        ]
        place = [f'"{self.case["device"]}"'] if "device" in self.case else []
        place += [str(self.dtype)] if self.dtype != torch.float32 else []
        moved = f".to({', '.join(place)})" if place else ""
        called = FIRST.replace("x.clone()", "x.float()") if self.dtype != torch.float32 else FIRST
        ready = f"layer{moved}.{mode(self.case)}()"
        return [*values, f"{called}, {ready}  # called before, as the judge does"]

    def until(self, step: str) -> list[Line]:
        """The calls up to a step; all of them where it is not known which one it was."""
        prepared = self.prepared("g", grad=self.case["x_grad"])
        calls = [self.backward, STEP, "layer(x)"]
        if step == "creation":
            return []
        if step == "the first forward pass":
            return [("x", self.source("x")), FIRST.replace("x.clone())", "x.clone()).detach()")]
        if step.startswith(".to("):
            return [f"layer{step}"]
        if step.startswith("forward after "):
            moved = step.removeprefix("forward after ")
            return [NO_GRAD, ("x", self.source("x")), FIRST, f"layer{moved}.eval()(x{moved})"]
        if step == "copying values into the factors":
            return [*prepared, *SET]
        if step == "forward":
            return [*prepared, *SET, "layer(x)"]
        if step in ("backward", "an optimizer step"):
            return [*prepared, *SET, *calls[: 1 if step == "backward" else 2]]
        return [*prepared, *SET, *calls]

    @property
    def backward(self) -> str:
        """The backward pass after another call, as the judge makes it; where x needs no gradient, of two calls together."""
        between = "layer(2 * x)" if self.case["call"] == "positional" else "layer(x)"
        calls = (
            f"[layer(x), {between}][:1]" if self.case["x_grad"] else "[layer(x), layer(x), layer(2 * x)][::2]"
        )
        return (
            f"ys = {calls}; all(y.requires_grad for y in ys) and torch.autograd.backward(ys, [g] * len(ys))"
        )

    # --- what each claim is about ---

    def factors(self) -> list[Line]:
        """Type, shape, and whether it trains, of each factor."""
        use, case = named(self.case), self.case
        if self.violation.expected == "nn.Module":
            words = '"an nn.Module:"'
            return [
                *self.creation(),
                *ending(f"{words}, isinstance(layer, torch.nn.Module)", f"{words}, True"),
            ]
        shapes = (use["rank"], case["in_features"]), (case["out_features"], use["rank"])
        return [
            *self.creation(),
            "def look(name):",
            "    factor = getattr(layer, name, None)",
            "    factor = factor.weight if getattr(factor, 'bias', 0) is None else factor",
            "    trains = any(p is factor for p in layer.parameters() if p.requires_grad)",
            '    return type(factor).__name__, tuple(getattr(factor, "shape", ())), "trained" if trains else "not trained"',
            *ending('look("lora_A"), look("lora_B")', str(tuple(("Parameter", shape, "trained") for shape in shapes))[1:-1]),
        ]  # fmt: skip

    def factor_shapes(self) -> list[Line]:
        """The shape of each factor."""
        use, case = named(self.case), self.case
        shapes = (use["rank"], case["in_features"]), (case["out_features"], use["rank"])
        return [
            *self.creation(),
            "shape = lambda factor: tuple(getattr(factor, 'weight', factor).shape)",
            *ending("shape(layer.lora_A), shape(layer.lora_B)", str(shapes)[1:-1]),
        ]

    def b_zero(self) -> list[Line]:
        """B at creation."""
        B = self.tensors["B"]
        lines = ['B = getattr(layer.lora_B, "weight", layer.lora_B)', SHOW]
        return [*self.creation(seeded=True), *lines, *ending("show(B)", shown(torch.zeros_like(B)))]

    def a_random(self) -> list[Line]:
        """A at creation."""
        one = self.tensors["A"].numel() == 1
        fact = "A != 0).all()" if one else "A != A.flatten()[0]).any()"
        words = '"A is not 0:"' if one else '"the entries of A differ:"'
        return [
            *self.creation(seeded=True), 'A = getattr(layer.lora_A, "weight", layer.lora_A)', 'print("lora_A:  ", A.tolist())',
            *ending(f"{words}, bool(A.isfinite().all() and ({fact})", f"{words}, True"),
        ]  # fmt: skip

    def starts_as_original(self) -> list[Line]:
        """The output with B = 0: at creation, or later in the case's dtype and mode."""
        y, _ = self.formula.base()
        if "at creation" not in self.violation.message:
            return [*self.running(), "B = 0 * B", *SET, SHOW, *ending("show(layer(x))", shown(y))]
        train = "in train mode" in self.violation.message
        return [
            *self.creation(seeded=True), ("x", self.source("x")), "layer.train()" if train else "layer.eval()", SHOW,
            *ending("show(layer(x))", shown(y)),
        ]  # fmt: skip

    def low_rank_path(self) -> list[Line]:
        """The adapter's share beside the nearest multiple of x A^T B^T."""
        path, scale = self.formula.path()[0].flatten()[-MOST_SHOWN:], self.formula.scale
        return [
            *self.running(), *RUN, SHARE, f"path = torch.tensor({listed(path.tolist())}).to(share)  # x A^T B^T",
            f"times = float(share @ path / (path @ path)) or {scale!r}", *ending("share.tolist()", "(times * path).tolist()"),
        ]  # fmt: skip

    def scaling(self) -> list[Line]:
        """How many times x A^T B^T the adapter's share is, where that is largest."""
        path = self.formula.path()[0].flatten()[-MOST_SHOWN:]
        at = int(path.abs().argmax())
        times = f'float(f"{{share[{at}] / {float(path[at])!r}:.7g}}")'
        words = '"times x A^T B^T"'
        return [
            *self.running(),
            *RUN,
            SHARE,
            *ending(f"{times}, {words}", f"{self.formula.scale:.7g}, {words}"),
        ]

    def defaults(self) -> list[Line]:
        """The rank, whether the bias trains, or the output."""
        want = self.violation.expected
        if "parameters are trainable" in self.violation.message:
            count = "sum(p.requires_grad for p in layer.parameters())"
            words = '"trainable parameters:"'
            return [*self.creation(), *ending(f"{words}, {count}", f"{words}, {want}")]
        if isinstance(want, int):
            rank = 'getattr(layer.lora_A, "weight", layer.lora_A).shape[0]'
            return [*self.creation(), *ending(f'"rank", {rank}', f'"rank", {want}')]
        return self.bias_flag() if isinstance(want, str) else self.output()

    def bias_flag(self) -> list[Line]:
        """Whether the bias is among the trainable parameters, or gets a gradient."""
        if self.violation.expected == "a gradient":
            size = tuple(self.tensors["b"].shape)
            learns = f"any(p.grad is not None for p in layer.parameters() if p.requires_grad and p.shape == {size})"
            words = '"the bias gets a gradient:"'
            return [
                *self.running("g"),
                *SET,
                "layer(x).backward(g)",
                *ending(f"{words}, {learns}", f"{words}, True"),
            ]
        *before, made = self.creation()
        trains = "bias in [p.tolist() for p in layer.parameters() if p.requires_grad]"
        words, want = '"bias trainable:"', named(self.case)["train_bias"]
        return [
            *before,
            ("bias", "linear.bias.tolist()"),
            made,
            *ending(f"{words}, {trains}", f"{words}, {want}"),
        ]

    def nothing_else_trains(self) -> list[Line]:
        """What trains besides factors and bias, or the output with B = 0 before and after a step."""
        if isinstance(self.violation.expected, str):
            return self.left_over()
        step = ["before, x = run(0 * B), x.clone()", f"run(B), layer(x).backward(g), {STEP}", "run(B)"]
        return [*self.running("g"), *RUN, *step, *ending("run(0 * B).tolist()", "before.tolist()")]

    def left_over(self) -> list[Line]:
        """Shapes of the trainable parameters, without those of the factors and the bias."""
        *before, made = self.creation()
        bias = [("bias", "linear.bias.tolist()")] if self.case["bias"] else []
        others = " and p.tolist() != bias" if bias else ""
        known = str([list(self.tensors[name].shape) for name in "AB"])[1:-1]
        words = '"shapes of further trainable parameters:"'
        return [
            *before, *bias, made, f"shapes = [list(p.shape) for p in layer.parameters() if p.requires_grad{others}]",
            f"for shape in ({known}):", "    shapes.remove(shape)", *ending(f"{words}, shapes", f"{words}, []"),
        ]  # fmt: skip

    def gradients(self) -> list[Line]:
        """The gradients of A, B, x and a trained bias."""
        truth = self.formula.gradients()
        names = ["lora_A", "lora_B", *(["x"] if self.case["x_grad"] else [])]
        lines = [*self.running("g", grad=self.case["x_grad"]), *SET, self.backward]
        grads = ['*(getattr(f, "weight", f).grad for f in (layer.lora_A, layer.lora_B))', *names[2:]]
        grads[1:] = [f"{name}.grad" for name in grads[1:]]
        if named(self.case)["train_bias"]:
            names.append("bias")
            size = tuple(truth["bias"][0].shape)
            grads.append(f"*(p.grad for p in layer.parameters() if p.requires_grad and p.shape == {size})")
        expected = ", ".join(shown(truth[name][0]) for name in names)
        return [*lines, SHOW, *ending(f"[show(grad) for grad in ({', '.join(grads)},)]", f"[{expected}]")]

    def present_values(self) -> list[Line]:
        """The output: called again, with other factors, or after a step."""
        message, lines = self.violation.message, [*self.running(), *SET]
        if "second time" in message:
            again = ["layer(x)", NO_GRAD, SHOW]
            return [*lines, *again, *ending("show(layer(x))", shown(self.formula.output()[0]))]
        if "held x" in message:
            y = self.formula.output(x=2 * self.formula.x)[0]
            return [*lines, NO_GRAD, "layer(x), x.mul_(2)", SHOW, *ending("show(layer(x))", shown(y))]
        if "trained bias" in message:
            y = self.formula.output(b=2 * self.tensors["b"])[0]
            size = tuple(self.tensors["b"].shape)
            lines += [f"b = next(p for p in layer.parameters() if p.requires_grad and p.shape == {size})"]
            return [*lines, NO_GRAD, "layer(x), b.mul_(2)", SHOW, *ending("show(layer(x))", shown(y))]
        for name in "AB":
            if f"lora_{name}" in message:
                y = self.formula.output(**{name: 2 * self.tensors[name]})[0]
                factor = f'getattr(layer.lora_{name}, "weight", layer.lora_{name})'
                lines += [NO_GRAD, "layer(x)", f"{factor}.detach().copy_(2 * {name})"]
                return [*lines, SHOW, *ending("show(layer(x))", shown(y))]
        lines = [*self.running("g"), *SET, f"layer(x).backward(g), {STEP}", NO_GRAD]
        lines.append('A, B = (getattr(factor, "weight", factor) for factor in (layer.lora_A, layer.lora_B))')
        b = self.source("b", self.dtype)
        if named(self.case)["train_bias"]:
            size = tuple(self.tensors["b"].shape)
            b = f"next(p for p in layer.parameters() if p.requires_grad and p.shape == {size})"
        W = self.source("W", self.dtype)
        scale = number_source(self.formula.scale)
        return [*lines, SHOW, *ending("show(layer(x))", f"show(x @ {W}.T + {b} + {scale} * x @ A.T @ B.T)")]

    def no_bias(self) -> list[Line]:
        """Without a bias: the output with B = 0, whether the adapter adds something, or what trains."""
        if self.violation.expected == "none":
            return self.left_over()
        if isinstance(self.violation.expected, Tensor):
            y = self.formula.base()[0]
            return [*self.running(), "B = 0 * B", *SET, SHOW, *ending("show(layer(x))", shown(y))]
        words = '"the adapter adds something:"'
        return [*self.running(), *RUN, SHARE, *ending(f"{words}, bool(share.any())", f"{words}, True")]

    def follows_to(self) -> list[Line]:
        """Dtype and values of the output, in full."""
        y = self.formula.output()[0]
        lines = [*self.running(), *SET, "y = layer(x)"]
        return [
            *lines,
            *ending("y.dtype, y.flatten().tolist()", f"torch.float64, {listed(y.flatten().tolist())}"),
        ]

    def dropout(self) -> list[Line]:
        """The output at creation in training mode beside that in evaluation mode."""
        x: Line = ("x", self.source("x"))
        lines: list[Line] = [*self.creation(seeded=True), x, SHOW, "before = layer.eval()(x)"]
        return [*lines, *ending("show(layer.train()(x))", "show(before)")]

    def no_dropout_in_eval(self) -> list[Line]:
        """The output in evaluation mode."""
        return self.output(seeded=True)

    def output(self, seeded: bool = False) -> list[Line]:
        """The output beside the formula's."""
        y = self.formula.output()[0]
        return [*self.running(seeded=seeded), *SET, SHOW, *ending("show(layer(x))", shown(y))]
