"""A submission told otherwise gets the same grade."""

from __future__ import annotations

from pathlib import Path

from graders.judge.box import Box
from tests.bank import metamorphic
from tests.bank.entries import submitted
from tests.bank.ledger import Ledger, key_of
from tests.bank.running import effort_of, graded

SOME = {
    ("memory_calculation", "extra_keys"),
    ("memory_calculation", "gib_for_lora_only"),
    ("nf4_quantization", "ceil_searchsorted"),
}


def test_telling_it_otherwise_changes_no_grade(tmp_path: Path, box: Box) -> None:
    """Names, remarks, unused code, a notebook and another order leave each status and the points."""
    bank = [entry for entry in submitted() if (entry.exercise, entry.name) in SOME]
    told = [variant for entry in bank for variant in metamorphic.variants(entry)]
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for entry in [*bank, *told]:
        ledger.add(key_of(entry, 1, effort_of(entry, 1)), graded(entry, 1, effort_of(entry, 1), box))

    assert len(told) == 5 * len(SOME)
    assert metamorphic.differing(bank, told, ledger) == []
    assert metamorphic.in_another_order(bank, ledger, box) == []

    ledger.results[key_of(told[0], 1, "verdicts")]["outcomes"]["keys"] = "timed_out"
    assert len(metamorphic.differing(bank, told, ledger)) == 1
