"""The bank: mutants are made as said, a run goes on where it stopped, and the tables tell what is wrong."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from tests.bank import metamorphic, names, replayed
from tests.bank.entries import Entry, entries
from tests.bank.ledger import Ledger, key_of
from tests.bank.mutants import mutants
from tests.bank.replays import alike
from tests.bank.rows import arguments, rows
from tests.bank.running import effort_of, gradings, run, until
from tests.bank.tables import details, report

SOURCE = '''
def f(a, b=2):
    """Not changed: 1 + 1."""
    if a < b:
        raise ValueError("not changed")
    return g(a.T, scale=True) * 2.0
'''
NF4 = "nf4_quantization"


def test_mutants_are_small_changes_of_the_code_alone() -> None:
    """Operators, constants, calls, arguments, statements and conditions change; docstrings and messages do not."""
    made = mutants(SOURCE)
    assert {
        "if a <= b:", "if not a < b:", "return g(a.T, scale=True) / 2.0", "return g(a.T, scale=False) * 2.0", "return g(a.T) * 2.0",
        "return a.T * 2.0", "return g(a, scale=True) * 2.0", "return g(a.T, scale=True) * 4.0", "return None", "b = 2", "a = b",
        "def f(a, b=3):", "return g(a.T, scale=True)", "gone: raise ValueError('not changed')",
    } <= {mutant.line for mutant in made}  # fmt: skip
    assert all("Not changed: 1 + 1" in mutant.text for mutant in made)
    assert [mutant for mutant in made if "not changed" not in mutant.text and "gone" not in mutant.line] == []
    assert len({mutant.id for mutant in made}) == len({mutant.text for mutant in made}) == len(made)
    assert mutants(SOURCE) == made


def test_every_submission_and_argument_is_in_the_bank() -> None:
    """30 correct, 60 wrong ones and mutants of each of the four exercises; each argument is about one mutant."""
    bank = entries()
    for exercise in ("lora_with_bias", "selective_injection", "memory_calculation", NF4):
        for kind, least in (("correct", 30), ("wrong", 60), ("mutant", 30)):
            assert sum((entry.exercise, entry.kind) == (exercise, kind) for entry in bank) >= least
    lines = [(entry.exercise, entry.label) for entry in bank if entry.kind == "mutant"]
    assert [item for item in arguments() if lines.count((item["exercise"], item["line"])) != 1] == []
    assert len({entry.id for entry in bank}) == len(bank)


def test_every_entry_is_graded_under_one_seed_before_any_under_the_next() -> None:
    """Breadth first, wrong ones under `seeds`, correct ones under `fair_seeds`."""
    bank = [Entry(NF4, "correct", "a", b"a"), Entry(NF4, "wrong", "b", b"b")]
    order = [(entry.name, seed) for entry, seed, _ in gradings(bank, 2, 3)]

    assert order == [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3)]


def test_a_run_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was graded is not graded again; a fall of the grader costs one entry, which is tried again."""
    good = Entry(NF4, "wrong", "good", b"def quantize_nf4(t, block_size=64): return None")
    unknown = Entry("no_such_exercise", "wrong", "falls", b"")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    wanted = [(unknown, 1, "first"), (good, 1, "verdicts")]

    assert list(until(0, iter(wanted))) == []  # no time
    assert run(wanted, ledger, 1, 9) is True
    assert ledger.results[key_of(good, 1, "verdicts")]["full"] is False
    assert "no_such_exercise" in ledger.results[key_of(unknown, 1, "first")]["crash"]

    with ledger.path.open("a") as file:
        file.write('{"key": "torn')
    again = Ledger(ledger.path)
    assert again.results == ledger.results
    assert again.lacks(key_of(unknown, 1, "first"))
    assert not again.lacks(key_of(good, 1, "verdicts"))
    assert again.lacks(key_of(good, 2, "verdicts"))
    assert again.lacks(key_of(Entry(NF4, "wrong", "good", b"other"), 1, "verdicts"))


def result(full: bool, **outcomes: str) -> dict[str, Any]:
    """A grading as the ledger has it."""
    return {"status": "graded", "full": full, "score": 20.0 * full, "outcomes": outcomes, "said": "why"}


def test_the_tables_say_what_is_not_as_it_must_be(tmp_path: Path) -> None:
    """An unfair failure, a survivor and a fault of the grader are each counted and named."""
    bank = [
        Entry(NF4, "correct", "unlucky", b"1"),
        Entry(NF4, "wrong", "survivor", b"2", "unnamed"),
        Entry(NF4, "mutant", "3:4 killed", b"3", "x"),
        Entry(NF4, "mutant", "5:6 faulty", b"4", "y"),
    ]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    results = [
        result(False, scales="failed"),
        result(True, scales="passed"),
        result(False, scales="failed", nearest_level="timed_out", zero_block="not_run"),
        result(False, scales="failed", unchanged="error"),
    ]
    for entry, graded_as in zip(bank, results, strict=True):
        ledger.add(key_of(entry, 1, effort_of(entry, 1)), graded_as)
    found = rows(bank, ledger, 3)
    text, bad = report(found)

    assert "- unfair: unlucky, seed 1: why" in text
    assert "- survives: wrong survivor, 1 of 1 seeds: `unnamed`" in text
    assert "- the grader was at fault: mutant 5:6 faulty, 1 of 1 seeds" in text
    assert "| scales | 0 | 2 | 1 | 2 |" in text
    assert "| zero_block | 0 | 0 | 0 | 0 |" in text
    assert "nearest_level, zero_block" in text  # they kill nothing alone
    assert "| nf4_quantization/mutant/3:4 killed | `x` | 1 | scales 1, nearest_level 1 |" in details(found)
    assert bad == 3 + len([item for item in arguments() if item["exercise"] == NF4])  # which nothing survives


def test_names_are_held_against_labels(tmp_path: Path) -> None:
    """A right name, silence, another name and a name for what is correct are told apart."""
    bank = [
        Entry(NF4, "wrong", "right", b"1", "signed-codes + shape-lost"),
        Entry(NF4, "wrong", "silent", b"2", "signed-codes"),
        Entry(NF4, "wrong", "other", b"3", "signed-codes"),
        Entry(NF4, "wrong", "unlabelled", b"4", "unnamed"),
        Entry(NF4, "correct", "good", b"5"),
    ]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    said = (["shape-lost", "signed-codes"], [], ["shape-lost"], ["shape-lost"], ["shape-lost"])
    for (entry, seed, what), found in zip(names.namings(bank), said, strict=True):
        ledger.add(key_of(entry, seed, what), {"named": found})
    text, bad = names.report(bank, ledger)

    assert "| nf4_quantization | 1 | 1 | 2 | 25.0% | 1 |" in text
    assert "- wrong: nf4_quantization/correct/good is nothing, named shape-lost" in text
    assert bad == 2


def test_replays_that_do_not_show_what_they_must_are_told(tmp_path: Path) -> None:
    """Scripts are counted by exercise, and each that is not as it must be has its line."""
    bank = [
        Entry(NF4, "wrong", "one", b"1"),
        Entry(NF4, "wrong", "two", b"2"),
        Entry(NF4, "correct", "c", b"3"),
    ]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    said = ({"scales": "", "nearest_level": ""}, {"scales": "shows no failure"})
    for (entry, seed, what), scripts in zip(replayed.replayings(bank), said, strict=True):
        ledger.add(key_of(entry, seed, what), {"replays": scripts})
    text, bad = replayed.report(bank, ledger)

    assert "| nf4_quantization | 3 | 1 |" in text
    assert "- nf4_quantization/wrong/two scales: shows no failure" in text
    assert bad == 1


TOLD = '''"""About it."""
import math


class C:
    kept = 1

    def f(self, given):
        for item in [given]:  # a remark
            total = item + self.kept
        return (
            total * math.pi
        )
'''


def test_a_text_is_told_otherwise() -> None:
    """Other names, remarks, unused code and cells: a different text that computes the same."""
    renamed = metamorphic.renamed(TOLD)
    assert renamed is not None
    for text in (
        renamed,
        metamorphic.commented(TOLD),
        TOLD + metamorphic.UNUSED,
        "\n".join(metamorphic.as_cells(TOLD)),
    ):
        space: dict[str, Any] = {"__name__": "told"}
        exec(text, space)
        assert space["C"]().f(2) == pytest.approx(9.42477796)
    assert {node.id for node in ast.walk(ast.parse(renamed)) if isinstance(node, ast.Name)} == {
        "item_renamed", "total_renamed", "given", "self", "math", "kept",
    }  # fmt: skip
    assert metamorphic.commented(TOLD).count("# TODO") == 8
    assert len(metamorphic.as_cells(TOLD)) == 3
    assert metamorphic.renamed("def f(): x = 1; return locals()") is None


@pytest.mark.parametrize(
    ("yours", "expected", "same"),
    [
        ("codes at [0, 3]: [7, 8]", "codes at [0, 3]: [7, 8]", True),
        ("codes at [0, 3]: [7, 9]", "codes at [0, 3]: [7, 8]", False),
        ("codes at [0, 4]: [7, 8]", "codes at [0, 3]: [7, 8]", False),
        ("scales at [2, 3]: [0.0, 1.6e-36]", "scales at [2, 3]: [2.1e-36, 1.6e-36]", False),
        ("y: [0.33333334, 1e-12]", "y: [0.3333333, 0.0]", True),
        ("y: [nan]", "y: [nan]", False),
    ],
)
def test_what_a_script_prints_is_alike_but_for_rounding(yours: str, expected: str, same: bool) -> None:
    """Numbers are compared as such; those that say where they stand are no measure for them."""
    assert alike(yours, expected) == same
