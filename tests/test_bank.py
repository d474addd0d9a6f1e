"""The bank: mutants are made as said, and a run goes on where it stopped."""

from pathlib import Path

from tests.bank.entries import Entry, entries
from tests.bank.ledger import Ledger, key_of
from tests.bank.mutants import mutants
from tests.bank.tables import argued, report, rows

SOURCE = '''
def f(a, b=2):
    """Not changed: 1 + 1."""
    if a < b:
        raise ValueError("not changed")
    return g(a.T, scale=True) * 2.0
'''


def test_mutants_are_small_changes_of_the_code_alone() -> None:
    """Operators, constants, calls, arguments and conditions change; docstrings and messages do not."""
    made = {mutant.id: mutant for mutant in mutants(SOURCE)}
    lines = {mutant.line for mutant in made.values()}

    assert {
        "if a <= b:", "if not a < b:", "return g(a.T, scale=True) / 2.0", "return g(a.T, scale=False) * 2.0", "return g(a.T) * 2.0",
        "return a.T * 2.0", "return g(a, scale=True) * 2.0", "return g(a.T, scale=True) * 4.0", "return None", "b = 2",
        "def f(a, b=3):", "return g(a.T, scale=True)",
    } <= lines  # fmt: skip
    assert all(
        "Not changed: 1 + 1" in mutant.text and "not changed" in mutant.text for mutant in made.values()
    )
    assert [mutant.text for mutant in mutants(SOURCE)] == [mutant.text for mutant in made.values()]


def test_every_submission_and_argument_is_in_the_bank() -> None:
    """Both kinds of submissions and mutants of all four exercises; each argued mutant exists."""
    bank = entries()
    assert {(entry.exercise, entry.kind) for entry in bank} == {
        (exercise, kind)
        for exercise in ("lora_with_bias", "selective_injection", "memory_calculation", "nf4_quantization")
        for kind in ("correct", "wrong", "mutant")
    }
    assert all(
        sum((e.exercise, e.kind) == (exercise, "correct") for e in bank) >= 30
        for exercise in {e.exercise for e in bank}
    )
    assert {(item["exercise"], item["line"]) for item in argued()} <= {
        (entry.exercise, entry.label) for entry in bank if entry.kind == "mutant"
    }


def test_a_ledger_goes_on_where_it_stopped(tmp_path: Path) -> None:
    """What was graded is known again; a torn last line costs only itself; another text or seed is another key."""
    entry = Entry("nf4_quantization", "wrong", "x", b"text")
    ledger = Ledger(tmp_path / "ledger.jsonl")
    ledger.add(key_of(entry, 1, "verdicts"), {"full": False, "failed": ["scales"]})
    with ledger.path.open("a") as file:
        file.write('{"key": "torn')
    again = Ledger(ledger.path)

    assert again.results == ledger.results
    assert key_of(entry, 2, "verdicts") not in again.results
    assert key_of(Entry("nf4_quantization", "wrong", "x", b"other"), 1, "verdicts") not in again.results


def test_the_tables_say_what_is_not_as_it_must_be(tmp_path: Path) -> None:
    """An unfair failure, a survivor and a fault of the grader are each counted and named."""
    bank = [
        Entry("nf4_quantization", "correct", "unlucky", b"1"),
        Entry("nf4_quantization", "wrong", "survivor", b"2", "uniform-levels"),
        Entry("nf4_quantization", "mutant", "3:4 killed", b"3", "x"),
        Entry("nf4_quantization", "mutant", "5:6 faulty", b"4", "y"),
    ]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    results = [
        {"full": False, "failed": ["scales"], "said": "why"},
        {"full": True, "failed": []},
        {"full": False, "failed": ["scales", "nearest_level"]},
        {"full": False, "failed": ["scales"], "error": ["unchanged"]},
    ]
    for entry, result in zip(bank, results, strict=True):
        ledger.add(key_of(entry, 1, "first" if entry.kind == "correct" else "verdicts"), result)
    text, bad = report(rows(bank, ledger, 3))

    assert "- unfair: unlucky, 1 of 1 seeds: why" in text
    assert "- survives: wrong survivor, 1 of 1 seeds: `uniform-levels`" in text
    assert "- the grader was at fault: 5:6 faulty" in text
    assert "| scales | 0 | 2 | 1 | 2 |" in text
    assert "| zero_block (nobody needs it) | 0 | 0 | 0 | 0 |" in text
    assert bad >= 3
