"""`loralab check --case`: one case of one claim, asked again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from graders.doors.case import read_case
from graders.doors.cli import main
from graders.judge.box import Box
from graders.run import CallError
from tests.graders.grading import SUBMISSIONS

STORED = {
    "exercise": "memory_calculation",
    "experiment": "estimate",
    "property": "weights",
    "case": {"size": 1, "lora_rank": 16, "lora_target_ratio": 0.1, "precision": "float32", "call": "keywords", "beside": None, "seed": 1},
}  # fmt: skip
SOLUTION = Path(__file__).parents[3] / "reference_solutions" / "lora_theory" / "memory_calculation.py"


@pytest.fixture
def one_box(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One box for several calls of `check`."""
    with Box("auto") as box:
        monkeypatch.setattr("graders.doors.check.open_box", lambda settings: nullcontext(box))
        yield


def report_with(*cases: dict[str, Any]) -> dict[str, Any]:
    """As much of a report as matters here."""
    outcomes = [{"id": case["property"], "counterexample": {"case": case}} for case in cases]
    return {"exercises": [{"properties": [*outcomes, {"id": "passed"}]}, {"properties": "?"}, 7]}


def written(folder: Path, data: Any, name: str = "case.json") -> Path:
    path = folder / name
    path.write_text(data if isinstance(data, str) else json.dumps(data))
    return path


@pytest.mark.usefixtures("one_box")
def test_a_report_replays_until_the_mistake_is_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `check` reports as failed fails again on its case, with the same words; the solution holds on it."""
    monkeypatch.chdir(tmp_path)
    mine = shutil.copy(SUBMISSIONS / "memory_calculation/wrong/gib_plain.py", "memory_calculation.py")
    assert main(["check", mine, "--format", "json"]) == 1
    report = json.loads(capsys.readouterr().out)
    written(tmp_path, report, "report.json")
    first = next(item for item in report["exercises"][0]["properties"] if item["status"] == "failed")
    again = ["--case", "report.json", "--property", first["id"]]

    assert main(["check", mine, *again, "--format", "json"]) == 1
    (outcome,) = json.loads(capsys.readouterr().out)["exercises"][0]["properties"]
    assert outcome["message"] == first["message"]
    assert outcome["counterexample"]["case"] == first["counterexample"]["case"]
    assert main(["check", mine, *again]) == 1
    out = capsys.readouterr().out
    assert first["message"].split(".")[0] in out
    assert "One stored case of one claim was asked" in out

    shutil.copy(SOLUTION, mine)
    assert main(["check", mine, *again]) == 0
    assert capsys.readouterr().out.startswith(f"`{first['id']}` holds on this case.")

    case = written(tmp_path, {**STORED, "property": "trained_in_16_bits"})
    assert main(["check", mine, "--case", str(case)]) == 2  # says nothing of float32
    assert main(["check", mine, "--case", str(written(tmp_path, {**STORED, "case": {"size": 10**9}}))]) == 2
    assert (
        main(["check", mine, "--case", str(written(tmp_path, STORED)), "--exercise", "nf4_quantization"]) == 2
    )
    assert main(["check", mine, "--property", "weights"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 4
    assert "says nothing about the property trained_in_16_bits" in errors[0]


def test_a_stored_case_stands_by_itself(tmp_path: Path) -> None:
    """A file of its own needs no `--property`; a report does, and finds the one of the exercise that is meant."""
    assert read_case(written(tmp_path, STORED), None, None) == STORED
    assert read_case(written(tmp_path, STORED), "weights", "memory_calculation") == STORED
    other = {**STORED, "exercise": "other"}
    both = written(tmp_path, report_with(STORED, other, {**STORED, "property": "ratio"}))
    assert read_case(both, "weights", "other") == other
    assert read_case(both, "ratio", None)["property"] == "ratio"


REFUSED: dict[str, tuple[Any, str | None, str]] = {
    "not JSON": ("{", None, "is not JSON"),
    "not text": ("\udcff\x00", None, "is not JSON"),
    "nested": ("[" * 200_000, None, "is not JSON"),
    "a list": ([STORED], None, "neither a stored case nor a report.json"),
    "something else": ({"a": 1}, None, "neither a stored case nor a report.json"),
    "another property": (STORED, "ratio", "no case of the property 'ratio'"),
    "a report without a failure": (report_with(), "weights", "no failed property"),
    "a report without saying which": (report_with(STORED), None, "--property which failed one"),
    "a report without that one": (report_with(STORED), "ratio", "to ask again: weights"),
    "two of that name": (
        report_with(STORED, {**STORED, "exercise": "b"}),
        "weights",
        "more than one exercise",
    ),
    "a report of odd shape": ({"exercises": {"properties": 1}}, "weights", "no failed property"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_in_one_line(tmp_path: Path, name: str) -> None:
    """What holds no case, or more than one, is told in one line."""
    data, property_id, said = REFUSED[name]
    path = tmp_path / "case.json"
    text = data if isinstance(data, str) else json.dumps(data)
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(CallError, match=said) as refused:
        read_case(path, property_id, None)
    assert "\n" not in str(refused.value)


def test_what_is_no_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder, nothing, or a file larger than any report is not read."""
    for path in (tmp_path, tmp_path / "gone.json"):
        with pytest.raises(CallError, match="is not a file"):
            read_case(path, None, None)
    monkeypatch.setattr("graders.doors.case.MOST_BYTES", 10)
    with pytest.raises(CallError, match="too large"):
        read_case(written(tmp_path, STORED), None, None)
