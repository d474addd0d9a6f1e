"""Submissions by verdict: the folder says what must happen."""

from pathlib import Path

import pytest

from graders.grade import reference_submission
from graders.judge.box import Box
from graders.judge.search import Effort
from graders.settings import Settings
from tests.bank.credit import credit
from tests.graders.grading import EXERCISES, grade_file, grade_text, label_of, lost, submissions

# Each wrong one must lose points at the default seed; `make bank` tries many.
SETTINGS = Settings()

# One of thirty wrong ones here and of those that train one of forty, of the correct ones every twelfth or 24th; all
# of them in `make bank`. The smallest case is looked for in every second wrong one, in the others any failing one will do.
TRAINS = "selective_injection"
SLOW = ("hook_on_every_call",)  # half a minute alone
WRONG = [
    (exercise_id, path)
    for number, (exercise_id, path) in enumerate(submissions("wrong"))
    if number % (40 if exercise_id == TRAINS else 30) == 0 and path.stem not in SLOW
]
CORRECT = [
    (exercise_id, path)
    for number, (exercise_id, path) in enumerate(submissions("correct"))
    if number % (24 if exercise_id == TRAINS else 12) == 0
]

TRIES = {  # correct submissions that try what the box refuses, and go on without it
    "blocked_packages_guarded": ("new process", "writing a file"),
    "prints_and_saves": ("writing a file",),
    "try_except_everything": ("reading a file",),
}


def name(value: object) -> str:
    return value.stem if isinstance(value, Path) else str(value)


@pytest.mark.parametrize("exercise_id", list(EXERCISES))
def test_the_reference_solution_gets_full_marks(exercise_id: str, box: Box) -> None:
    """The reference solution of each exercise loses nothing."""
    report = grade_text(
        EXERCISES[exercise_id], reference_submission("lora_theory").files[f"{exercise_id}.py"], box, SETTINGS
    )

    assert lost(report) == []
    assert report.score == report.max_score > 0


@pytest.mark.parametrize(("exercise_id", "path"), CORRECT, ids=name)
def test_a_correct_submission_gets_full_marks(exercise_id: str, path: Path, box: Box) -> None:
    """An unusual correct submission loses nothing, and only what really tries it is said to try what the box refuses."""
    report = grade_file(EXERCISES[exercise_id], path, box, SETTINGS)

    assert (report.status, lost(report)) == ("graded", [])
    assert report.refused == TRIES.get(path.stem, ())


@pytest.mark.parametrize(("exercise_id", "path"), WRONG, ids=name)
def test_a_wrong_submission_loses_points(exercise_id: str, path: Path, box: Box) -> None:
    """A wrong submission loses what its mistake breaks, where that has a name, and never by the grader's own fault."""
    effort: Effort = "full" if WRONG.index((exercise_id, path)) % 2 == 0 else "verdicts"
    report = grade_file(EXERCISES[exercise_id], path, box, SETTINGS, effort)

    assert report.score < report.max_score
    assert credit(exercise_id, label_of(path), {item.id: item.status for item in report.properties}) == ""
    assert not any(item.status == "error" for item in report.properties)
    assert all(
        item.reproduce and item.counterexample
        for item in report.properties
        if item.status in ("failed", "timed_out")
    )


NOTHING = {
    "lora_with_bias": [
        "def LoRALayerWithBias(original_layer, rank=4, alpha=1.0, dropout=0.0, train_bias=False):\n    return original_layer\n",
        "def LoRALayerWithBias(*args, **kwargs):\n    return None\n",
        "from torch import nn\nclass LoRALayerWithBias(nn.Module):\n    def __init__(self, *args, **kwargs):\n        super().__init__()\n"
        "    def forward(self, x):\n        return x * 0\n",
    ],
    "selective_injection": [
        "def add_lora_to_model_selective(model, rank=8, alpha=16, target_modules=None):\n    return model\n"
        "def compare_target_modules(target_configs, n_epochs=50):\n    return {}\n",
        "def add_lora_to_model_selective(*args, **kwargs):\n    pass\ndef compare_target_modules(configs, n_epochs=50):\n    return configs\n",
    ],
    "memory_calculation": [
        "def calculate_memory_requirements(*args, **kwargs):\n    return None\n",
        "def calculate_memory_requirements(size, *args, **kwargs):\n    return size\n",
        "KEYS = 'full_ft_weights full_ft_gradients full_ft_optimizer full_ft_total lora_weights lora_adapters lora_gradients "
        "lora_optimizer lora_total memory_savings_ratio'.split()\ndef calculate_memory_requirements(*args, **kwargs):\n"
        "    return dict.fromkeys(KEYS, 0.0)\n",
        "def calculate_memory_requirements(*args, **kwargs):\n    raise ValueError\n",
    ],
    "nf4_quantization": [
        "def quantize_nf4(tensor, block_size=64):\n    return tensor\ndef dequantize_nf4(codes, scales, block_size=64):\n    return codes\n",
        "def quantize_nf4(*args, **kwargs):\n    pass\ndef dequantize_nf4(*args, **kwargs):\n    pass\n",
        "import torch\ndef quantize_nf4(tensor, block_size=64):\n    return torch.zeros_like(tensor), torch.zeros(1)\n"
        "def dequantize_nf4(codes, scales, block_size=64):\n    return torch.zeros(codes.shape)\n",
    ],
}


@pytest.mark.parametrize(
    ("exercise_id", "text"), [(key, text) for key, texts in NOTHING.items() for text in texts]
)
def test_doing_nothing_earns_nothing(exercise_id: str, text: str, box: Box) -> None:
    """A function that returns its input, None or zeros, or leaves the model as it is, earns 0."""
    report = grade_text(EXERCISES[exercise_id], text.encode(), box, SETTINGS)

    assert report.score == 0, [item.id for item in report.properties if item.status == "passed"]


@pytest.mark.parametrize("exercise_id", list(EXERCISES))
def test_an_untouched_stub_is_not_attempted(exercise_id: str, box: Box) -> None:
    """The stub as it was handed out is `not_attempted`, and lists every property."""
    stub = (Path(__file__).parents[3] / "assignments" / "lora_theory" / f"{exercise_id}.py").read_bytes()
    report = grade_text(EXERCISES[exercise_id], stub, box, SETTINGS)

    assert report.status == "not_attempted"
    assert "stub" in report.message
    assert [item.status for item in report.properties] == ["not_run"] * len(EXERCISES[exercise_id].properties)
    assert report.max_score == EXERCISES[exercise_id].points


def test_results_that_are_kept_whatever_the_epochs_cost_one_claim(box: Box) -> None:
    """A comparison that remembers its results without regard to n_epochs is right in all but their number."""
    path = next(path for _, path in submissions("wrong") if path.stem == "memo_without_n_epochs")
    report = grade_file(EXERCISES["selective_injection"], path, box, SETTINGS, "verdicts")

    assert [(item.id, item.status) for item in report.properties if item.status != "passed"] == [
        ("epochs", "failed")
    ]
