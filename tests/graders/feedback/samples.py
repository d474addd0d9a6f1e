"""Made-up reports: what students really see, and what somebody with bad intentions would like them to see."""

from __future__ import annotations

import random
from typing import Any, get_args

from graders.feedback.course import Similar
from graders.report import ExerciseReport, ExerciseStatus, NamedMistake, Outcome, Report

BIAS = (
    ("update-scaled", "The LoRA update is scaled by `alpha / rank`", 4.0),
    ("starts-as-original", "At creation the output is the original layer's", 4.0),
    ("weight-frozen", "The original weight is frozen and training never changes it", 3.0),
    ("bias-flag", "The original bias is trained exactly when `train_bias` is true", 4.0),
    ("works-without-bias", "A layer without a bias works with either flag and gains none", 3.0),
    (
        "factors-trainable",
        "Trainable are the two factors, and the bias under `train_bias`",
        4.0,
    ),
    ("dropout-on-input", "Dropout acts on the input of the LoRA path only, in training mode only", 4.0),
    ("gradients", "Gradients, those of `x` too, are the formula's", 2.0),
    ("follows-dtype", "After `.to(dtype=...)` the layer works in that dtype", 2.0),
)
INJECTION = (
    ("wraps-targets", "Every `nn.Linear` that matches is wrapped, at any depth", 6.0),
    ("rest-frozen", "The adapters' factors are the only trainable parameters of the model", 5.0),
    ("output-kept", "The model's output does not change at injection", 5.0),
    ("default-targets", "`None` means the four attention projections", 4.0),
    ("entries", "Each entry holds the four keys", 4.0),
    ("same-start", "Every configuration starts from the same weights and the same data", 6.0),
)
MEMORY = (
    ("full-weights", "`full_ft_weights` is N b", 3.0),
    ("full-optimizer", "`full_ft_optimizer` holds Adam's two moments, 2 N t", 4.0),
    ("lora-parts", "The adapters' gradients and optimizer follow from P", 6.0),
    ("totals", "The totals are the sums of their parts", 4.0),
    ("bad-input", "Other precisions and sizes that make no sense raise `ValueError`", 3.0),
)
NF4 = (
    ("scales", "`scales` holds each block's largest absolute value", 5.0),
    ("nearest", "Each code is the index of the level nearest to `value / scale`", 6.0),
    ("zero-block", "A block of zeros has scale 0 and codes 7", 3.0),
    ("round-trip", "`dequantize_nf4` returns the level times the scale of its block", 6.0),
)
EXERCISES = {
    "lora_with_bias": ("LoRA layer with bias", BIAS),
    "selective_injection": ("Selective injection", INJECTION),
    "memory_calculation": ("Memory of fine-tuning", MEMORY),
    "nf4_quantization": ("NF4 quantization", NF4),
}
SENTENCES = {
    "update-scaled": "y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T",
    "works-without-bias": "A layer without a bias works with either flag and gains none.",
    "dropout-on-input": "Dropout acts on the input of the LoRA path only, only in training mode.",
}
PROTECTIONS = {
    "level": 2,
    "of": 4,
    "sandbox": "auto",
    "rlimits": True,
    "landlock": True,
    "seccomp": True,
    "bubblewrap": "inactive: not installed",
    "self_test": {"fork": "stopped"},
}


def tensor(values: Any, shape: list[int], dtype: str = "float64") -> dict[str, Any]:
    """A tensor as a report holds it."""
    return {"dtype": dtype, "shape": shape, "values": values}


def passed(item: tuple[str, str, float]) -> Outcome:
    """A claim that holds."""
    return Outcome(item[0], item[1], item[2], item[2], "passed", sentence=SENTENCES.get(item[0], ""))


def outcome(item: tuple[str, str, float], status: Any = "failed", **more: Any) -> Outcome:
    """A claim that does not hold, was not run, or that the grader broke on."""
    points = item[2] if status == "error" else 0.0
    sentence = more.pop("sentence", SENTENCES.get(item[0], "The contract's sentence."))
    return Outcome(item[0], item[1], points, item[2], status, sentence=sentence, **more)


def exercise(id: str, changes: dict[str, Outcome] | None = None, **more: Any) -> ExerciseReport:
    """An exercise whose claims hold, but for `changes`."""
    title, items = EXERCISES[id]
    outcomes = tuple((changes or {}).get(item[0]) or passed(item) for item in items)
    return ExerciseReport(id, title, more.pop("status", "graded"), more.pop("message", ""), outcomes, **more)


def not_graded(id: str, status: ExerciseStatus, message: str) -> ExerciseReport:
    """An exercise of which nothing could be run."""
    title, items = EXERCISES[id]
    return ExerciseReport(id, title, status, message, tuple(outcome(item, "not_run") for item in items))


def report(student: str, *exercises: ExerciseReport, **more: Any) -> Report:
    """A report with the fields that differ from run to run."""
    more = {"protections": PROTECTIONS, "environment": {"torch": "2.13.0"}, "timing": {"wall_s": 1.25}} | more
    return Report(student, "lora_theory", exercises, **more)


def perfect(student: str = "grace") -> Report:
    """Full marks."""
    return report(student, *map(exercise, EXERCISES))


HINTS = (
    "Look at the number that the adapter's share is multiplied by.",
    "For alpha 16 and rank 2, which number should it be?",
    "Vary alpha alone, then rank alone.",
)
CONTRACT = """`LoRALayerWithBias(original_layer, rank=4)`

An `nn.Module` that computes, for `x` of shape
`(..., in_features)`,

    y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T

- `lora_A` has shape `(rank, in_features)`.
- Every rank >= 1 works, also above
  min(in, out).

| key | value in bytes |
|---|---|
| `full_ft_weights` | N b |

### More

Not graded: names.
"""
PICTURES: dict[str, dict[str, Any]] = {
    "bars": {
        "kind": "bars",
        "title": "Memory that differs in this case",
        "unit": "GB",
        "rows": [
            {"label": "full_ft_optimizer", "yours": 4.0, "expected": 8.0},
            {"label": "full_ft_total", "yours": 12.0, "expected": 16.0},
        ],
    },
    "levels": {
        "kind": "levels",
        "title": "Codes of 64 values, by the level nearest to value / scale",
        "levels": [
            {"level": -1.0, "count": 2, "wrong": 0, "given": None},
            {"level": 0.0, "count": 5, "wrong": 2, "given": -1.0},
            {"level": 1.0, "count": 3, "wrong": 3, "given": 0.0},
        ],
    },
    "tree": {
        "kind": "tree",
        "title": "Which layers were wrapped",
        "nodes": [
            {"name": "block", "what": "", "yours": "", "expected": ""},
            {"name": "block.attn.q_proj", "what": "Linear", "yours": "left as it is", "expected": "wrapped"},
            {
                "name": "block.norm",
                "what": "LayerNorm",
                "yours": "left as it is",
                "expected": "left as it is",
            },
        ],
    },
    "curves": {
        "kind": "curves",
        "title": "The losses that were returned",
        "x": "epoch",
        "y": "loss",
        "lines": [
            {"label": "q_proj, first call", "values": [3.0, 2.5, 2.0]},
            {"label": "q_proj, second call", "values": [3.0, None, 4.0]},
        ],
    },
}


CASE = {
    "exercise": "lora_with_bias", "experiment": "layer", "property": "scaling",
    "case": {"in_features": 2, "out_features": 3, "rank": 2, "alpha": 1.0, "seed": 7},
}  # fmt: skip
REPLAY = """import torch
from torch import nn
from lora_with_bias import LoRALayerWithBias

layer = nn.Linear(2, 3).double()
lora = LoRALayerWithBias(layer, rank=2, alpha=1.0).double()
with torch.no_grad():
    lora.lora_A.fill_(1.0)
    lora.lora_B.fill_(1.0)
x = torch.ones(1, 2, dtype=torch.float64)
print("yours   ", lora(x) - layer(x))
print("expected", torch.full((1, 3), 2.0, dtype=torch.float64))
"""


def scaling_failure() -> Outcome:
    """The commonest failure of the first exercise: the update is alpha / rank times too large."""
    return outcome(
        BIAS[0],
        message="Your layer added 4 where `alpha / rank` times the update is 2, for rank 2 and alpha 1.",
        counterexample={
            "arguments": {
                "in_features": 2,
                "out_features": 3,
                "rank": 2,
                "alpha": 1.0,
                "bias": True,
                "train_bias": False,
                "x": tensor([[1.0, 1.0]], [1, 2]),
            },
            "observed": tensor([[0.0, 4.0, 4.0000001]], [1, 3]),
            "expected": tensor([[0.0, 2.0, 2.0]], [1, 3]),
            "facts": ["Right for rank 1 (12 cases), wrong for every rank above 1 (31 cases)."],
            "case": CASE,
        },
        reproduce=REPLAY,
        hints=HINTS,
    )


def three_failures(student: str = "ada") -> Report:
    """A real submission of the better half: three ideas wrong, one claim that waits, one out of time."""
    crash = outcome(
        BIAS[4],
        message="Your code raised AttributeError during creation, in line 21.\n"
        "'NoneType' object has no attribute 'requires_grad_'\n"
        "Line 21: self.original_layer.bias.requires_grad_(train_bias)",
        counterexample={
            "arguments": {"in_features": 1, "out_features": 1, "bias": False},
            "observed": None,
            "expected": None,
            "facts": [],
        },
        reproduce="from torch import nn\nfrom lora_with_bias import LoRALayerWithBias\n\n"
        "LoRALayerWithBias(nn.Linear(1, 1, bias=False))\n",
    )
    shapes = outcome(
        NF4[3],
        message="Your tensor has the wrong shape: the shape of `codes` was lost.",
        sentence="`dequantize_nf4` returns the level of each code times the scale, in the shape of `codes`.",
        counterexample={
            "arguments": {
                "codes": tensor([[7, 15]], [1, 2], "uint8"),
                "scales": tensor([2.0], [1], "float32"),
                "block_size": 64,
            },
            "observed": tensor([0.0, 2.0], [2], "float64"),
            "expected": tensor([[0.0, 2.0]], [1, 2], "float32"),
        },
    )
    memory = outcome(
        MEMORY[1],
        message="`full_ft_optimizer` is half of what it should be.",
        sentence="`full_ft_optimizer`: 2 N t (Adam's two moments)",
        counterexample={
            "arguments": {"model_params_billions": 1.0, "lora_rank": 16, "precision": "float32"},
            "observed": {
                "full_ft_weights": 4.0,
                "full_ft_gradients": 4.0,
                "full_ft_optimizer": 4.0,
                "full_ft_total": 12.0,
            },
            "expected": {
                "full_ft_weights": 4.0,
                "full_ft_gradients": 4.0,
                "full_ft_optimizer": 8.0,
                "full_ft_total": 16.0,
            },
            "facts": ["The same factor 0.5 in all 40 cases."],
            "picture": PICTURES["bars"],
        },
        hints=HINTS,
    )
    slow = outcome(
        INJECTION[5],
        "timed_out",
        message="Your code did not finish within the time limit of 60 s during training with 3 epochs.",
        counterexample={"arguments": {"target_configs": [["q_proj"], ["q_proj", "v_proj"]], "n_epochs": 3}},
    )
    waits = {
        "gradients": outcome(BIAS[7], "not_run", waits_on=("update-scaled",)),
        "dropout-on-input": outcome(BIAS[6], "not_run", waits_on=("update-scaled", "works-without-bias")),
    }
    return report(
        student,
        exercise(
            "lora_with_bias",
            {"update-scaled": scaling_failure(), "works-without-bias": crash, **waits},
            notes=("Two definitions of `LoRALayerWithBias` were found; the last one counts.",),
            contract=CONTRACT,
        ),
        exercise("selective_injection", {"same-start": slow}),
        exercise(
            "memory_calculation",
            {"full-optimizer": memory},
            mistakes=(
                NamedMistake(
                    "optimizer-one-state",
                    "The optimizer is counted with one state for each parameter",
                    "How many numbers does Adam remember for each parameter that it trains?",
                    "It explains all 23 checks that were made, and no other known mistake does.",
                ),
            ),
        ),
        exercise("nf4_quantization", {"round-trip": shapes}),
    )


STATUS_MESSAGES: dict[str, str] = {
    "not_attempted": "`quantize_nf4` and `dequantize_nf4` are as they were handed out.",
    "missing": "No definition of `LoRALayerWithBias` was found; there are `lora.py` and `notes.txt`.",
    "unreadable": "`memory_calculation.py` is not UTF-8 text (byte 0xff at position 0).",
    "import_failed": "Loading stopped with SyntaxError: '(' was never closed (line 12).",
    "timed_out": "Loading `selective_injection.py` did not end within 30 s.",
    "crashed": "Python ended while `lora_with_bias.py` was loaded: it exited with status 3.",
    "out_of_memory": "Loading needed more than 4 GB of memory.",
    "forbidden": "The file tried to start another program.",
}


def all_statuses() -> list[Report]:
    """Every exercise status, four to a report."""
    statuses = [status for status in get_args(ExerciseStatus) if status != "graded"]
    return [
        report(
            name,
            *(
                not_graded(id, status, STATUS_MESSAGES[status])
                for id, status in zip(EXERCISES, chosen, strict=True)
            ),
        )
        for name, chosen in (("linus", statuses[:4]), ("edsger", statuses[4:]))
    ]


def needs_person(student: str = "katherine") -> Report:
    """The grader broke on one claim."""
    error = outcome(
        NF4[2],
        "error",
        message="ZeroDivisionError in the judge, /srv/grader/claims.py line 9",
        needs_person=True,
    )
    return report(
        student, *map(exercise, list(EXERCISES)[:3]), exercise("nf4_quantization", {"zero-block": error})
    )


HOSTILE = (
    "<script>document.title='PWNED'</script>",
    "</script></style></title><img src=x onerror=\"document.title='PWNED'\">",
    "{{191*7}}{% raw %}${191*7}#{191*7}<%= 191*7 %>",
    "=cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\u202egnp.exe\u2066\u200f\ufeff",
    "\x00\x07\x1b[31mred\x1b]0;title\x07\x9b1m\x7f\r\nnext",
    "lone \udcff\ud800 surrogates",
    "Z\u0351\u036b\u0343\u036a\u0302\u036b\u033d\u034f\u0334\u0319\u0324\u031e\u0349\u035a algo",
    "`<b>code</b>`",
    "\"' onmouseover='document.title=1' x=\"",
    "W" * 100_000,
    "word " * 20_000,
    "line\n" * 10_000,
    "javascript:document.title='PWNED'",
    "&lt;b&gt;&#60;script&#62;",
)
HOSTILE_IDS = (
    "=cmd|' /C calc'!A0",
    "../../x",
    "josé",
    "ada@uni.edu",
    "<img src=x onerror=alert(1)>",
    "-1+1",
    "a;=1+1",
    "a\tb",
    "\u202eeve",
    "",
    ".",
    "CON",
    "\udcff",
    "#a?b%c",
    "x" * 300,
    "+1",
    "0",
)


def deep(levels: int) -> dict[str, Any]:
    """A dict in a dict in a dict."""
    value: dict[str, Any] = {"end": 0}
    for _ in range(levels):
        value = {"<b>key</b>": value, "other": [0.5]}
    return value


def hostile_pictures(text: str) -> list[dict[str, Any]]:
    """Pictures of every kind with `text` wherever there is text, and numbers at the ends of their range."""
    return [
        {"kind": "bars", "title": text, "unit": text, "rows": [{"label": text, "yours": -1e308, "expected": 1e308}] * 50},
        {"kind": "levels", "title": text, "levels": [{"level": x, "count": 3, "wrong": 1, "given": 7.0} for x in (-1.0, 1.0)]},
        {"kind": "tree", "title": text, "nodes": [{"name": text, "what": text, "yours": text, "expected": ""}] * 20},
        {"kind": "tree", "title": text, "nodes": [{"name": "." * 100, "what": "", "yours": text, "expected": "no"}] * 300},
        {"kind": "curves", "title": text, "x": text, "y": text, "lines": [{"label": text, "values": [-1e308, None, 1e308]}] * 20},
    ]  # fmt: skip


def hostile(text: str, student: str = "mallory") -> Report:
    """`text` in every place that a submission can reach, and in those that it cannot."""
    values: list[tuple[Any, Any]] = [
        (text, 1.0),
        (text, text + "?"),
        ({text: text, "k": deep(40)}, {text: 1.0}),
        ([text] * 500, [1.0] * 500),
        (tensor(["nan", 1.0], [2]), tensor([2.0, 1.0], [2])),
        (deep(40), deep(39)),
        (10**400, 1.5),
        (None, [1]),
        (tensor([["nan", "inf"]], [1, 2]), tensor([[1.0, "-inf"]], [1, 2])),
        (float("nan"), float("inf")),
        (tensor(None, [4097, 3]), tensor(None, [4097, 3])),
        (text, None),
        (tensor([], [0]), tensor([], [0])),
    ]
    outcomes = tuple(
        Outcome(
            id=f"{i}{text}",
            title=text,
            points=0.0,
            max_points=1.0,
            status="failed",
            message=text,
            sentence=text,
            counterexample={
                "arguments": {text: text, "x": observed, "deep": deep(100)},
                "observed": observed,
                "expected": expected,
                "facts": [text] * 100,
                **({"picture": hostile_pictures(text)[i]} if i < 5 else {}),
            },
            reproduce=text,
            hints=(text,) * 3,
        )
        for i, (observed, expected) in enumerate(values)
    )
    waiting = Outcome(f"w{text}", text, 0.0, 1.0, "not_run", waits_on=(f"0{text}", "unknown"))
    broken = Outcome(f"e{text}", text, 1.0, 1.0, "error", message=text, reproduce=None, needs_person=True)
    whole = ExerciseReport(
        text,
        text,
        "graded",
        "",
        (*outcomes, waiting, broken),
        (NamedMistake("an-idea", text, text, text),),
        (text,) * 200,
        f"{text}\n\n- {text}\n\n| {text} | b |\n|---|---|\n\n### {text}\n\n    {text}\n",
        ("network", "reading a file"),
    )
    stopped = ExerciseReport(f"2{text}", text, "import_failed", text, (waiting,))
    return Report(student, text, (whole, stopped), {"level": 1, text: True, f"{text}.": f"inactive: {text}"})


def every() -> list[Report]:
    """All samples."""
    samples = [perfect(), three_failures(), *all_statuses(), needs_person()]
    return samples + [hostile(text, student) for text, student in zip(HOSTILE, HOSTILE_IDS, strict=False)]


IDEAS: dict[str, tuple[tuple[str, str, tuple[str, ...], str], ...]] = {  # id, title, claims, message
    "lora_with_bias": (
        ("missing-scaling", "The update is not scaled by `alpha / rank`", ("update-scaled", "gradients"), "Your layer added {n} where `alpha / rank` times the update is {m}."),
        ("crashes-without-bias", "The layer cannot wrap a layer without a bias", ("works-without-bias",), "Your code raised AttributeError during creation, in line {n}.\n'NoneType' object has no attribute '{name}'"),
        ("", "", ("dropout-on-input", "gradients"), "The output for x = [{n}.5, {m}] differs in `{name}`."),
        ("dropout-in-eval", "Dropout also acts in evaluation mode", ("dropout-on-input",), "In evaluation mode {n} of {m} entries were dropped."),
    ),
    "selective_injection": (
        ("rest-not-frozen", "What is not an adapter stays trainable", ("rest-frozen",), "{n} parameters outside the adapters are trainable, such as `{name}`."),
        ("", "", ("same-start",), "The first losses differ: {n}.25 and {m}.5."),
        ("exact-name-only", "A target matches only a layer of exactly that name", ("wraps-targets", "default-targets"), "`block.{name}` was left as it is."),
    ),
    "memory_calculation": (
        ("optimizer-one-state", "The optimizer is counted with one state for each parameter", ("full-optimizer", "totals"), "`full_ft_optimizer` is {n}, should be {m}."),
        ("", "", ("lora-parts",), "`lora_adapters` is {n}, should be {m}."),
        ("gib-not-gb", "Sizes are divided by 2**30 and not by 1e9", ("full-weights", "full-optimizer", "lora-parts"), "`full_ft_weights` is {n}, should be {m}."),
    ),
    "nf4_quantization": (
        ("zero-block-nan", "A block of zeros becomes NaN", ("zero-block",), "The scale of block {n} is NaN, should be 0."),
        ("", "", ("round-trip",), "Your code raised IndexError during dequantize_nf4, in line {n}.\n'{name}' is out of bounds"),
        ("floor-not-nearest", "Codes are rounded down and not to the nearest level", ("nearest", "round-trip"), "codes[{n}] = {m}, should be {n}."),
    ),
}  # fmt: skip


def class_of(size: int) -> list[Report]:
    """A class as one would meet it, the same at each call: some strong, some weak, most of them in between."""
    reports = [needs_person(), *all_statuses()]
    for number in range(size - len(reports)):
        draw = random.Random(number)
        weakness = draw.random() ** 2
        exercises = [_of_a_class(id, draw, weakness) for id in EXERCISES]
        reports.append(report(f"student{number:03}", *exercises))
    return reports


def _of_a_class(id: str, draw: random.Random, weakness: float) -> ExerciseReport:
    """One exercise: mostly right, else with one of its ideas wrong; the weaker the student the likelier."""
    _, claims = EXERCISES[id]
    if draw.random() > weakness + 0.1:
        slip = draw.random() < 0.04
        changes = {claims[-1][0]: outcome(claims[-1], message="Your value differs.", counterexample={"arguments": {"n": draw.randrange(9)}})} if slip else {}  # fmt: skip
        return exercise(id, changes, refused=("writing a file",) if draw.random() < 0.01 else ())
    idea, name, broken, message = draw.choices(
        IDEAS[id], [len(IDEAS[id]) - i for i in range(len(IDEAS[id]))]
    )[0]
    changes = {}
    for item in claims:
        if item[0] in broken:
            words = {
                "n": draw.randrange(2, 90),
                "m": draw.randrange(2, 90),
                "name": draw.choice(("q", "up_proj", "weight")),
            }
            arguments = {"rank": draw.randrange(1, 9), "x": tensor([[1.0] * draw.randrange(1, 4)], [1, 1])}
            changes[item[0]] = outcome(
                item, message=message.format(**words), counterexample={"arguments": arguments}
            )
    mistakes = (
        (NamedMistake(idea, name, "Look again.", "It explains all 23 checks that were made."),)
        if idea
        else ()
    )
    return exercise(id, changes, mistakes=mistakes)


def similar(reports: list[Report]) -> list[Similar]:
    """Two pairs of nearly identical submissions."""
    ids = [report.student_id for report in reports]
    return [Similar(ids[-1], ids[-2], "nf4_quantization", 0.97, 410), Similar(ids[0], "gone", "memory_calculation", 0.9, 120)]  # fmt: skip
