"""`assignments/` is what `graders.stubs` makes of the solutions, and says all that a student has to know."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from graders import stubs

ROOT = Path(__file__).parents[1]
SOLUTIONS = ROOT / "reference_solutions" / "lora_theory"
ASSIGNMENT = ROOT / "assignments" / "lora_theory"
EXERCISES = {
    "lora_with_bias": ["LoRALayerWithBias"],
    "selective_injection": ["add_lora_to_model_selective", "compare_target_modules"],
    "memory_calculation": ["calculate_memory_requirements"],
    "nf4_quantization": ["quantize_nf4", "dequantize_nf4"],
}

# What the stub must say: a sentence of the contract, and words by which the stub says it.
EVERYWHERE = {
    "which imports work": [
        "Imports:",
        "torch, numpy, Python's standard library, `lab`",
        "your other exercise files",
    ],
    "other packages are not there": ["Other packages", "are not there", "ImportError"],
    "what is blocked": [
        "Blocked:",
        "network",
        "new processes",
        "files",
        "OSError",
        "DataLoader(num_workers=2)",
    ],
    "the time limits": ["Time:", "seconds"],
    "a notebook does too": ["`lora_theory.ipynb`"],
    "a lab.py that is handed in is ignored": ["you need not hand it in", "its own copy"],
}
SAID = {
    "lora_with_bias": {
        "the formula": [
            "y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T",
            "(..., in_features)",
        ],
        "the two names and their shapes": [
            "`lora_A` of shape (rank, in_features)",
            "`lora_B` of shape (out_features, rank)",
        ],
        "a factor is a Parameter or a Linear": ["an `nn.Parameter`, or an `nn.Linear` without bias"],
        "every rank, alpha and dropout": [
            "any integer from 1, also one above",
            "any number above 0",
            "to below 1",
        ],
        "at creation": ["B is all zeros and A is random", "exactly what the original layer gives"],
        "the weight is frozen": ["original weight is frozen", "training never changes it"],
        "the bias": ["original bias is trained exactly when `train_bias` is true"],
        "a layer may have no bias": ["may have no bias", "either value of `train_bias`", "gains no bias"],
        "exactly these are trainable": [
            "Nothing else is trainable",
            "flags that the original layer came with",
        ],
        "each layer has its own factors": ["Each layer has its own factors"],
        "the present values": ["Every call uses the present values", "Gradients, those of x too"],
        "the input is not changed": ["x is not changed"],
        "dropout": ["input of the LoRA path only", "in training mode only", "`nn.Dropout`"],
        "device and dtype": ["float32 on the CPU", "`.to(torch.float64)`", '`.to("cuda")`'],
        "time": ["a few seconds for each call"],
    },
    "selective_injection": {
        "every Linear whose name matches": ["dotted name", "at any depth", "`nn.Linear`"],
        "all three ways to match": [
            "part of the dotted name",
            "the name ends with it",
            "last component equals",
        ],
        "None": ['`None` means the four attention projections, `["q_proj", "k_proj", "v_proj", "o_proj"]`'],
        "an empty list is not None": ["An empty list is not `None`", "no layer at all"],
        "only Linear layers": ["Only `nn.Linear` layers are wrapped", "another kind with a matching name"],
        "what a wrapped layer keeps": [
            "keeps its pretrained weight and bias",
            "own factors of the given rank",
        ],
        "where the factors are": [
            "names end in `lora_A` and `lora_B`",
            "`lora_A.weight` and `lora_B.weight`",
        ],
        "the output does not change": ["output does not change when the adapters are put in"],
        "everything but the adapters is frozen": [
            "Everything but the adapters is frozen",
            "norms",
            "every bias",
        ],
        "untargeted modules": ["Modules that are not targeted are still the same objects"],
        "the same model": ["in place, and return the same model"],
        "the keys": ['"+".join(targets)', "in the order given"],
        "the entries": [
            "target_modules",
            "trainable_params",
            "losses",
            "final_loss",
            "`n_epochs` floats",
            "int:",
        ],
        "a fresh block": [
            "fresh `SimpleTransformerBlock()`",
            "d_model=256, n_heads=8",
            "rank 8 and alpha 16",
        ],
        "seed at the start": [
            "seed torch at the start of each configuration",
            "torch.manual_seed",
            "batches",
        ],
        "same start": [
            "same initial weights and the same data",
            "whichever others are listed",
            "whatever order",
        ],
        "training": ["trains the adapters, and only them", "finite, not all equal", "1.05 times"],
        "few samples do": ["Few samples do", "128"],
        "the MLP's names": ["`gate_proj`, `up_proj`, `down_proj`"],
        "time": ["60 seconds for a call of `compare_target_modules`"],
    },
    "memory_calculation": {
        "GB": ["GB means 1e9 bytes"],
        "b": ["float32 4, float16 2, bfloat16 2, int8 1, int4 0.5"],
        "t": ["t = max(b, 2)", "integers cannot be trained"],
        "P": ["P = N * lora_target_ratio * 2 * lora_rank / 4096", "d = 4096", "2 * d * r"],
        "the ten values": [
            "full_ft_weights N b",
            "full_ft_gradients N t",
            "full_ft_optimizer 2 N t",
            "full_ft_total the sum of these three",
            "lora_weights N b",
            "lora_adapters P t",
            "lora_gradients P t",
            "lora_optimizer 2 P t",
            "lora_total the sum of these four",
            "memory_savings_ratio lora_total / full_ft_total",
        ],
        "when to raise": [
            "ValueError when `precision` is any other",
            "zero or negative",
            "rank or the ratio is neg",
        ],
        "rounding and more keys": [
            "No rounding",
            "1e-5",
            "rounded down to an integer",
            "More keys are allowed",
        ],
        "time": ["a few seconds for each call"],
    },
    "nf4_quantization": {
        "the levels": [
            "The 16 levels of NF4, ascending from -1 to 1; level 7 is 0",
            "2305.14314, Appendix E",
        ],
        "blocks": ["row-major order", "blocks of `block_size`", "The last block may be shorter"],
        "any tensor": ["any floating dtype", "any shape", "need not be contiguous"],
        "scales": ["largest absolute value", "`torch.float32`, 1-D, one per block"],
        "codes": [
            "`torch.uint8`, in the tensor's shape",
            "nearest to `value / scale`",
            "either of them is right",
        ],
        "the zero block": ["A block of zeros has scale 0 and codes 7, without NaN and without a warning"],
        "dequantize": [
            "level of each code times the scale of its block",
            "`torch.float32` and has the shape of",
        ],
        "codes.long()": ["`NF4_LEVELS[codes.long()]`", "uint8 index as a mask"],
        "an empty tensor": ["An empty tensor gives empty codes and no scales"],
        "no packing": ["do not pack two"],
        "no change": ["The tensor is not changed", "Neither `codes` nor `scales` is changed"],
        "time": ["30 seconds for a case of more than 1,000 values"],
    },
}


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Path, str], ModuleType]]:
    """Imports an exercise from a folder, beside the assignment's `lab`, and forgets both afterwards."""
    names = ["lab", *EXERCISES]
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load_from(folder: Path, name: str) -> ModuleType:
        monkeypatch.syspath_prepend(ASSIGNMENT)
        monkeypatch.syspath_prepend(folder)
        for known in names:
            sys.modules.pop(known, None)
        return importlib.import_module(name)

    yield load_from
    for known in names:
        sys.modules.pop(known, None)


def solution_text(exercise: str) -> str:
    return (SOLUTIONS / f"{exercise}.py").read_text(encoding="utf-8")


def stub_text(exercise: str) -> str:
    return (ASSIGNMENT / f"{exercise}.py").read_text(encoding="utf-8")


def signatures(source: str) -> dict[str, str]:
    """Each definition's signature, by its dotted name."""
    found: dict[str, str] = {}

    def visit(node: ast.AST, prefix: str) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef):
                returns = ast.unparse(child.returns) if child.returns else ""
                found[prefix + child.name] = f"({ast.unparse(child.args)}) -> {returns}"
            elif isinstance(child, ast.ClassDef):
                found[prefix + child.name] = ", ".join(ast.unparse(base) for base in child.bases)
                visit(child, f"{prefix}{child.name}.")

    visit(ast.parse(source), "")
    return found


def missing_words(source: str, words: list[str]) -> list[str]:
    """The words that the source does not have, whatever its line breaks."""
    flat = re.sub(r"\s+", " ", source)
    return [word for word in words if word not in flat]


def leaked_lines(solution: str, stub: str) -> list[str]:
    """The lines of 30 characters and more from the solution's regions that the stub has."""
    regions = re.findall(rf"{stubs.BEGIN}\n(.*?){stubs.END}", solution, flags=re.DOTALL)
    lines = [line.strip() for region in regions for line in region.splitlines()]
    return [line for line in lines if len(line) >= 30 and line in stub]


def test_the_assignment_is_up_to_date() -> None:
    """The committed files are those that `make assignments` writes."""
    wanted = stubs.assignment_files(ROOT)
    assert {path.name for path in ASSIGNMENT.glob("*.py")} == {path.name for path in wanted}
    stale = [str(path) for path, text in wanted.items() if (ROOT / path).read_text(encoding="utf-8") != text]
    assert not stale, "run `make assignments`"


def test_lab_is_the_given_code() -> None:
    """The students' `lab.py` is `lora_reference/lab.py`, byte for byte."""
    assert (ASSIGNMENT / "lab.py").read_bytes() == (ROOT / "lora_reference" / "lab.py").read_bytes()


@pytest.mark.parametrize("exercise", EXERCISES)
def test_signatures_agree(exercise: str) -> None:
    """Stub and solution define the same names with the same signatures."""
    assert signatures(stub_text(exercise)) == signatures(solution_text(exercise))
    assert set(EXERCISES[exercise]) <= set(signatures(stub_text(exercise)))


@pytest.mark.parametrize("exercise", EXERCISES)
def test_a_stub_equals_its_solution_but_for_the_regions(exercise: str) -> None:
    """Outside of the marked regions the two texts are the same."""
    region = rf"[ \t]*{stubs.BEGIN}\n.*?{stubs.END}\n"
    rest = re.sub(region, "", solution_text(exercise), flags=re.DOTALL)
    raises = re.sub(r"[ \t]*raise NotImplementedError\(.*\)\n", "", stub_text(exercise))
    assert raises == rest


@pytest.mark.parametrize("exercise", EXERCISES)
def test_no_solution_leaks(exercise: str) -> None:
    """No longer line of a solution is in its stub; the solution itself would be noticed."""
    assert leaked_lines(solution_text(exercise), stub_text(exercise)) == []
    assert len(leaked_lines(solution_text(exercise), solution_text(exercise))) >= 2


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_untouched_stub_says_that_it_is_one(
    exercise: str, load: Callable[[Path, str], ModuleType]
) -> None:
    """A stub can be imported, and each function raises NotImplementedError with its name."""
    module = load(ASSIGNMENT, exercise)
    for name in EXERCISES[exercise]:
        function = getattr(module, name)
        required = [
            parameter
            for parameter in inspect.signature(function).parameters.values()
            if parameter.default is parameter.empty
        ]
        with pytest.raises(NotImplementedError, match=f"write {name}"):
            function(*[None] * len(required))


def test_forward_is_a_region_of_its_own(load: Callable[[Path, str], ModuleType]) -> None:
    """In the stub of exercise 1 `forward` too is to be written."""
    layer = load(ASSIGNMENT, "lora_with_bias").LoRALayerWithBias
    with pytest.raises(NotImplementedError, match=r"write LoRALayerWithBias\.forward here"):
        layer.forward(None, None)


@pytest.mark.parametrize(
    ("exercise", "sentence", "words"),
    [
        pytest.param(exercise, sentence, words, id=f"{exercise}: {sentence}")
        for exercise in EXERCISES
        for sentence, words in (EVERYWHERE | SAID[exercise]).items()
    ],
)
def test_a_stub_says(exercise: str, sentence: str, words: list[str]) -> None:
    """The stub says each sentence of the contract that a student needs; its bare code would not."""
    assert missing_words(stub_text(exercise), words) == []
    bare = ast.unparse(without_texts(ast.parse(stub_text(exercise))))
    assert missing_words(bare, words)


def without_texts(tree: ast.Module) -> ast.Module:
    """The tree without docstrings (and, as trees are, without comments)."""
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and ast.get_docstring(node) is not None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_examples_in_the_texts_are_true(exercise: str, load: Callable[[Path, str], ModuleType]) -> None:
    """The docstrings' examples run on the solution, and the stub's docstrings are the same."""
    result = doctest.testmod(load(SOLUTIONS, exercise))
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize("exercise", EXERCISES)
def test_the_texts_can_be_read_in_a_narrow_window(exercise: str) -> None:
    """No line of a stub is longer than 110 characters."""
    assert max(map(len, stub_text(exercise).splitlines())) <= 110


def test_make_stub_keeps_all_but_the_region() -> None:
    """A region becomes one line with its indentation, and names the definition around it."""
    solution = (
        "class Layer:\n    def __init__(\n        self,\n    ):\n"
        "        ### BEGIN SOLUTION\n        self.a = 1\n\n        ### END SOLUTION\n"
        "\n    def forward(self):  # stays\n"
        "        ### BEGIN SOLUTION\n        return 1\n        ### END SOLUTION\n"
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"
    )
    assert stubs.make_stub(solution) == (
        "class Layer:\n    def __init__(\n        self,\n    ):\n"
        '        raise NotImplementedError("write Layer.__init__ here")\n'
        "\n    def forward(self):  # stays\n"
        '        raise NotImplementedError("write Layer.forward here")\n'
        'raise NotImplementedError("your code goes here")\n'
    )


@pytest.mark.parametrize(
    ("solution", "message"),
    [
        ("### BEGIN SOLUTION\nx = 1\n", "line 1: ### BEGIN SOLUTION without"),
        ("x = 1\n### END SOLUTION\n", "line 2: ### END SOLUTION without"),
        ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n", "line 2: .* begun at line 1"),
    ],
)
def test_marks_that_do_not_pair_up_are_refused(solution: str, message: str) -> None:
    """A solution that would leak, or vanish, raises ValueError with its line."""
    with pytest.raises(ValueError, match=message):
        stubs.make_stub(solution)


def test_main_writes_what_changed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes what changed and names it, and exits with 2 where there are no solutions."""
    assert stubs.main([str(tmp_path)]) == 2
    assert "there are no solutions" in capsys.readouterr().err
    for name in ("reference_solutions/lora_theory/double.py", "lora_reference/lab.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(
            "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n    ### END SOLUTION\n"
        )

    assert stubs.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "wrote assignments/lora_theory/double.py",
        "wrote assignments/lora_theory/lab.py",
    ]
    written = (tmp_path / "assignments/lora_theory/double.py").read_text()
    assert written == 'def double(x):\n    raise NotImplementedError("write double here")\n'
    assert stubs.main([str(tmp_path)]) == 0
    assert capsys.readouterr().out == ""
