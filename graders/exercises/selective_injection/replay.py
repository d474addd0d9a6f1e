"""Python that shows a failing case of exercise 2 again: the model, the call, yours and expected."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from graders.exercise import Case, Experiment, Violation
from graders.exercises.selective_injection.comparison_case import Compare
from graders.exercises.selective_injection.injection_case import Inject, inject, twin_of, written
from graders.exercises.selective_injection.injection_expected import rank_of, targets_of
from graders.exercises.selective_injection.models import ALL_SEVEN, leaves
from graders.exercises.selective_injection.replay_comparison import comparison_script
from graders.replay import (
    DIGITS,
    MOST_LINES,
    NO_GRAD,
    Line,
    call_source,
    contents_source,
    ending,
    form,
    script,
    tensor_source,
)

FACTORS = (
    "factors = {n: p for n, p in model.named_parameters(remove_duplicate=False)"
    ' if n.removesuffix(".weight").endswith(("lora_A", "lora_B"))}'
)
FOUND_BY_NAME = (  # a module's own key may hold a dot, and what lies below it only seems to be where its name says
    "factors = {n: p for n, p in factors.items() if not n.startswith(tuple("
    'f"{at}.{key}".strip(".") for at, m in model.named_modules() for key, _ in m.named_children() if "." in key))}'
)
IMPORTS = 3  # at most
LOOKALIKE = (
    'type("Project", (nn.Module,), {{"in_features": {size}, "out_features": {size}, "bias": None, '
    '"weight": nn.Parameter(torch.ones({size}, {size})), "forward": lambda self, x: x @ self.weight.T}})()'
)
EARLIER = (  # the judge, too, calls it before it leaves out an argument, or gives an empty list
    "with suppress(Exception): add_lora_to_model_selective("
    'nn.ModuleDict({"up_proj": nn.Linear(2, 2), "v_proj": nn.Linear(2, 2)}), 1, 2, ["up_proj"])'
    "  # an earlier call"
)


def replay(experiment: Experiment, case: Case, property_id: str, violation: Violation, notebook: bool) -> str:
    """The script of one failed claim."""
    if isinstance(experiment, Compare):
        return comparison_script(case, property_id, violation, notebook)
    assert isinstance(experiment, Inject)
    lab = ("SimpleTransformerBlock",) if case["model"] == "block" else ()
    lines = InjectLines(case, violation).of(property_id)
    return script("selective_injection", ["add_lora_to_model_selective"], lines, notebook, lab)


class InjectLines:
    """One model before and after one call."""

    def __init__(self, case: Case, violation: Violation) -> None:
        self.case, self.violation = case, violation
        self.specs = inject.specs(case)
        targets = targets_of(case)
        linears = (
            ALL_SEVEN if self.specs is None else [s["name"] for s in self.specs if s["kind"] == "linear"]
        )
        self.wrapped = sorted(name for name in linears if name.rpartition(".")[2] in targets)

    def of(self, name: str) -> list[Line]:
        """The lines for a claim: what it is about, or for a crash the calls up to it."""
        if self.violation.kind != "violated":
            after = self.until(self.violation.step)
        elif "added to another model" in self.violation.message:
            return self.beside_another()
        elif isinstance(self.violation.expected, Tensor) and name != "own_factors":
            return self.output(with_factors=name != "keeps_pretrained")
        elif wrong := form("y", self.violation):  # of the lab's block: the layers' outputs are joined
            after = [self.call, f"y = model({self.block_input})", *wrong]
        elif self.violation.expected == "the same object":
            return self.objects()
        elif name in ("wraps_targets", "default_arguments", "empty_list", "only_linear"):
            same_rank = isinstance(self.violation.expected, tuple)
            return self.rank() if same_rank else self.layers()
        else:
            return list(getattr(self, name)())
        return [*self.model(len(after)), *after]

    # --- the parts ---

    def model(self, others: int) -> list[Line]:
        """The model; its layers packed so that with `others` lines and the call the script is short enough."""
        seed: list[Line] = [f"torch.manual_seed({self.case['seed']})"]
        earlier: list[Line] = [EARLIER] if twin_of(self.case) is not None else []
        frozen: list[Line] = ["model.requires_grad_(False)"] if self.case["flags"] == "frozen" else []
        has_none = any(spec["kind"] == "none" for spec in self.specs or ())
        if self.specs is None:
            return [*earlier, *seed, "model = SimpleTransformerBlock(16, 2)"]
        entries = [f'"{spec["name"]}": {_made(spec)}' for spec in self.specs]
        room = MOST_LINES - IMPORTS - 2 - others - 2 * len(earlier) - len(frozen)
        width, head = 100, "for name, layer in {"
        while len(packed := _wrapped(entries, width)) > max(1, room):
            width += 10
        packed = [f"{head if at == 0 else ' ' * len(head)}{line}" for at, line in enumerate(packed)]
        packed[-1] += "}.items():"
        return [
            *earlier,
            "model = nn.Module()",
            *packed,
            f"    {'nn.Module.register_module' if has_none else 'setattr'}"
            '(model.get_submodule(name.rpartition(".")[0]), name.rpartition(".")[2], layer)',
            *frozen,
        ]

    @property
    def call(self) -> str:
        """The call as the probe makes it."""
        style = "positional" if self.case["call"] == "positional" else "keywords"
        return call_source("add_lora_to_model_selective", ["model"], written(self.case), style)

    @property
    def setting(self) -> list[Line]:
        """The factors get the judge's values, drawn in the order of their names."""
        return [
            f"generator = torch.Generator().manual_seed({self.case['seed']})",
            "for name, p in sorted(model.named_parameters(remove_duplicate=False)):",
            '    if name.removesuffix(".weight").endswith(("lora_A", "lora_B")): '
            "p.detach().copy_(torch.randint(-3, 4, p.shape, generator=generator))",
        ]

    def forward(self, after: str = "") -> list[Line]:
        """Every layer runs; `after` is what follows its call."""
        if self.specs is None:
            return [f"model({self.block_input}){after}"]
        inputs = ", ".join(f'"{spec["name"]}": {_ones(spec)}' for spec in leaves(self.specs))
        return [f"for name, x in {{{inputs}}}.items():", f"    model.get_submodule(name)(x){after}"]

    @property
    def block_input(self) -> str:
        """The input of the lab's block."""
        value = inject.inputs(self.case, None)[0]
        return tensor_source(value, contents_source("normal", value.shape, self.case["seed"], 70))

    def until(self, step: str) -> list[Line]:
        """The calls up to a step; all of them where it is not known which one it was."""
        if step == "add_lora_to_model_selective":
            return [self.call]
        if step == "the model's forward pass after injection":
            return [self.call, *self.forward()]
        if step == "copying values into the factors":
            return [self.call, *self.setting]
        return [
            self.call,
            *self.setting,
            *self.forward("" if step == "the model's forward pass" else ".sum().backward()"),
        ]

    def ended(self, lines: list[Line], yours: str, expected: str) -> list[Line]:
        """The model, then these lines, then the two that are compared."""
        after = [*lines, *ending(yours, expected)]
        return [*self.model(len(after)), *after]

    # --- what each claim is about ---

    def layers(self) -> list[Line]:
        """The layers below which factors lie."""
        owner = 'max((m for m in names if n.startswith(f"{m}.")), key=len, default="")'
        lines: list[Line] = ["names = [name for name, _ in model.named_modules()]", self.call, FACTORS]
        found = self.violation.observed
        if isinstance(found, list) and any("." in name for name in self.wrapped if name not in found):
            lines.append(FOUND_BY_NAME)
        return self.ended(lines, f"sorted({{{owner} for n in factors}})", repr(self.wrapped))

    def objects(self) -> list[Line]:
        """The modules that are others than before, besides the wrapped ones."""
        kept = f"name.startswith({tuple(self.wrapped)!r})"
        lines: list[Line] = [
            "before = dict(model.named_modules())", self.call, "after = dict(model.named_modules())",
            f"changed = [name for name in before if name and not {kept} and after.get(name) is not before[name]]",
        ]  # fmt: skip
        return self.ended(lines, '"no longer the same:", changed', '"no longer the same:", []')

    untargeted_stay = objects

    def rest_frozen(self) -> list[Line]:
        """What trains besides the factors."""
        loose = "[n for n, p in model.named_parameters() if p.requires_grad and n not in factors]"
        return self.ended(
            [self.call, FACTORS],
            f'"trainable besides the factors:", {loose}',
            '"trainable besides the factors:", []',
        )

    def factors_trainable(self) -> list[Line]:
        """The factors that are frozen, or whether any gets a gradient."""
        if self.violation.expected == "a gradient in every wrapped layer":
            lines: list[Line] = [
                self.call, FACTORS, f"y = model({self.block_input})",
                "(y * torch.linspace(-1, 1, y.numel()).reshape(y.shape)).sum().backward()",
                'learning = {n.split(".")[0] for n, p in factors.items() if p.grad is not None and bool(p.grad.any())}',
            ]  # fmt: skip
            words = '"layers whose factors get a gradient:"'
            return self.ended(lines, f"{words}, sorted(learning)", f"{words}, {self.wrapped}")
        if self.violation.expected != "gradients":
            stuck = "[n for n, p in factors.items() if not p.requires_grad]"
            return self.ended([self.call, FACTORS], f'"frozen factors:", {stuck}', '"frozen factors:", []')
        size = {spec["name"]: spec["in"] for spec in leaves(self.specs or [])}[self.wrapped[0]]
        layer = f'y = model.get_submodule("{self.wrapped[0]}")(torch.ones(3, {size}))'
        factors = '[p for n, p in model.named_parameters() if "lora_" in n and p.requires_grad]'
        gradients = f"torch.autograd.grad(y.sum(), {factors}, allow_unused=True)"
        some = f"y.requires_grad and any(bool(g.any()) for g in {gradients} if g is not None)"
        words = '"some factor gets a gradient:"'
        return self.ended([self.call, *self.setting, layer], f"{words}, {some}", f"{words}, True")

    def rank(self) -> list[Line]:
        """The factors' sizes, smaller one first, in the order of their names."""
        sizes = {
            spec["name"]: (spec["in"], spec["out"]) for spec in self.specs or () if spec["kind"] == "linear"
        }
        if self.specs is None:
            wide = {"gate_proj": (16, 32), "up_proj": (16, 32), "down_proj": (32, 16)}
            sizes = {name: wide.get(name, (16, 16)) for name in ALL_SEVEN}
        r = rank_of(self.case)
        expected = [sorted([r, size]) for name in self.wrapped for size in sizes[name]]
        lines: list[Line] = [self.call, FACTORS]
        return self.ended(lines, "[sorted(factors[name].shape) for name in sorted(factors)]", repr(expected))

    def own_factors(self) -> list[Line]:
        """The factors that have other values than they were set to."""
        lines: list[Line] = [
            self.call, FACTORS, f"generator = torch.Generator().manual_seed({self.case['seed']})",
            "values = {n: torch.randint(-3, 4, factors[n].shape, generator=generator).float() for n in sorted(factors)}",
            "for name, value in values.items():", "    factors[name].detach().copy_(value)",
        ]  # fmt: skip
        others = "[n for n, value in values.items() if not torch.equal(factors[n], value)]"
        words = '"changed by setting another:"'
        return self.ended(lines, f"{words}, {others}", f"{words}, []")

    def beside_another(self) -> list[Line]:
        """The output before and after adapters of twice the alpha are added to another model."""
        named = {**written(self.case), "alpha": 2 * self.case["alpha"]}
        again = call_source("add_lora_to_model_selective", ["other"], named, "positional")
        inputs = ", ".join(f'"{spec["name"]}": {_ones(spec)}' for spec in leaves(self.specs or []))
        parts = "model.eval().get_submodule(name)(x).flatten()"
        lines: list[Line] = [
            "other = copy.deepcopy(model)", self.call, '[p.detach().fill_(1.0) for n, p in model.named_parameters() if "lora_" in n]',
            f"run = torch.no_grad()(lambda: torch.cat([{parts} for name, x in {{{inputs}}}.items()]).tolist())", f"before, _ = run(), {again}",
        ]  # fmt: skip
        after = [*lines, *ending("run()", "before")]
        return [*self.model(len(after) + 1), *after]  # one import more than elsewhere

    def returns_same_model(self) -> list[Line]:
        """Whether the model that was given comes back."""
        words = '"the same model:"'
        return self.ended([f"result = {self.call}"], f"{words}, result is model", f"{words}, True")

    def output(self, with_factors: bool) -> list[Line]:
        """The output of the layer that is furthest off, after injection or with the factors set."""
        if self.specs is None:
            lines: list[Line] = [
                f"x = {self.block_input}", "before = model(x).flatten()", self.call, NO_GRAD, "after = model(x).flatten()",
                "at = (after - before).abs().argmax()", 'show = lambda y: float(f"{y[at]:.5g}")',
            ]  # fmt: skip
            return self.ended(lines, '"output", show(after)', '"output", show(before)')
        spec, y = self._furthest()
        at = self.specs.index(spec)
        place = leaves(self.specs).index(spec)
        W, b = spec["weight"].to(torch.float32), spec.get("has_bias")
        state = (
            f'"weight": {tensor_source(W, contents_source("normal", W.shape, self.case["seed"], 10 + at))}'
        )
        state += "" if b is None else f', "bias": {tensor_source(b.to(torch.float32))}'
        x = tensor_source(inject.inputs(self.case, self.specs)[place])
        layer = f'model.get_submodule("{spec["name"]}")'
        setting = self.setting if with_factors else []
        lines = [f"{layer}.load_state_dict({{{state}}})", f"{self.call}, {NO_GRAD}", *setting]
        return self.ended(lines, f"{layer}{'.eval()' if with_factors else ''}({x}).tolist()", _rounded(y))

    def _furthest(self) -> tuple[dict[str, Any], Tensor]:
        """The Linear layer whose share of the joined output is furthest off, and what that share should be."""
        linears = [spec for spec in leaves(self.specs or []) if spec["kind"] == "linear"]
        sizes = [3 * spec["out"] for spec in linears]
        want, got = (
            torch.split(tensor.flatten().to(torch.float64), sizes)
            for tensor in (self.violation.expected, self.violation.observed)
        )
        off = [
            float(((mine - other).abs() / (1e-9 + other.abs().max())).nan_to_num(9e9).max())
            for mine, other in zip(got, want, strict=True)
        ]
        at = off.index(max(off))
        return linears[at], want[at].reshape(3, linears[at]["out"])


def _made(spec: dict[str, Any]) -> str:
    """The module as Python text."""
    size = spec.get("in")
    bias = "" if spec.get("bias") else ", bias=False"
    return {
        "node": "nn.Module()", "list": "nn.ModuleList()", "dict": "nn.ModuleDict()", "sequential": "nn.Sequential()",
        "linear": f"nn.Linear({size}, {spec.get('out')}{bias})", "norm": f"nn.LayerNorm({size})", "conv": f"nn.Conv1d({size}, {size}, 1)",
        "embedding": f"nn.Embedding(5, {size})", "identity": "nn.Identity()", "parameter": "nn.Parameter(torch.ones(3))", "none": "None",
        "plain norm": f"nn.LayerNorm({size}, elementwise_affine=False)", "lookalike": LOOKALIKE.format(size=size),
    }[spec.get("holds", spec["kind"])]  # fmt: skip


def _ones(spec: dict[str, Any]) -> str:
    """An input for a layer."""
    if spec["kind"] == "embedding":
        return "torch.tensor([0, 3, 4])"
    return f"torch.ones(2, {spec['in']}, 3)" if spec["kind"] == "conv" else f"torch.ones(3, {spec['in']})"


def _wrapped(entries: list[str], width: int) -> list[str]:
    """Entries in lines of about `width`, with commas."""
    lines = [""]
    for at, entry in enumerate(entries):
        text = entry + (", " if at < len(entries) - 1 else "")
        if lines[-1] and len(lines[-1]) + len(text) > width:
            lines[-1] = lines[-1].rstrip()
            lines.append("")
        lines[-1] += text
    return lines


def _rounded(y: Tensor) -> str:
    """The numbers as the script prints them."""
    return str([[float(f"{number:.{DIGITS}g}") for number in row] for row in y.tolist()])
