"""`report.schema.json` describes every report, and nothing else."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import graders.report
from graders.report import Report
from tests.graders.feedback import samples

SCHEMA = json.loads((Path(graders.report.__file__).parent / "report.schema.json").read_text(encoding="utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA)


def test_the_schema_is_one() -> None:
    """The schema follows JSON Schema 2020-12."""
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("report", samples.every(), ids=lambda report: ascii(report.student_id)[:20])
def test_reports_are_described(report: Report) -> None:
    """Every report is described, before and after its way through JSON, which keeps it."""
    data = json.loads(json.dumps(report.to_json()))
    assert [error.message[:200] for error in VALIDATOR.iter_errors(data)] == []
    assert json.dumps(Report.from_json(data).to_json()) == json.dumps(data)


def failed(data: dict[str, Any]) -> dict[str, Any]:
    """The first failed property."""
    found: dict[str, Any] = data["exercises"][0]["properties"][0]
    return found


def pictured(data: dict[str, Any]) -> dict[str, Any]:
    """The first picture."""
    found: dict[str, Any] = data["exercises"][2]["properties"][1]["counterexample"]["picture"]
    return found


@pytest.mark.parametrize("kind", samples.PICTURES)
def test_every_kind_of_picture_is_described(kind: str) -> None:
    """A counterexample may hold a picture of each kind."""
    data = json.loads(json.dumps(samples.three_failures().to_json()))
    failed(data)["counterexample"]["picture"] = samples.PICTURES[kind]
    assert VALIDATOR.is_valid(data)


BROKEN = {
    "another version": lambda d: d.update(schema_version=2),
    "a field more": lambda d: d.update(date="2026-01-01"),
    "a field less": lambda d: d.pop("timing"),
    "score as text": lambda d: d.update(score="71"),
    "negative score": lambda d: d.update(score=-1),
    "unknown status": lambda d: d["exercises"][0].update(status="great"),
    "not graded without a word": lambda d: d["exercises"][0].update(status="crashed", message=""),
    "field in an exercise": lambda d: d["exercises"][0].update(html="<b>"),
    "unknown property status": lambda d: failed(d).update(status="skipped"),
    "points for a failure": lambda d: failed(d).update(points=1.0),
    "failure without a word": lambda d: failed(d).update(message=""),
    "passed with a counterexample": lambda d: failed(d).update(status="passed"),
    "failed and waiting": lambda d: failed(d).update(waits_on=["x"]),
    "error without a person": lambda d: failed(d).update(status="error"),
    "person without an error": lambda d: failed(d).update(needs_person=True),
    "case without arguments": lambda d: failed(d)["counterexample"].pop("arguments"),
    "field in a case": lambda d: failed(d)["counterexample"].update(seed=1),
    "shape as text": lambda d: failed(d)["counterexample"]["observed"].update(shape="(1, 3)"),
    "text in a tensor": lambda d: failed(d)["counterexample"]["observed"].update(values=[["a"]]),
    "field in a tensor": lambda d: failed(d)["counterexample"]["observed"].update(device="cpu"),
    "hint that is no text": lambda d: failed(d).update(hints=[1]),
    "picture of a kind that nobody draws": lambda d: pictured(d).update(kind="cake"),
    "picture with something more": lambda d: pictured(d).update(html="<b>"),
    "bar without a number": lambda d: pictured(d)["rows"][0].update(yours="4"),
    "a refusal that nobody knows": lambda d: d["exercises"][0].update(refused=["<b>"]),
    "mistake with a loud id": lambda d: d["exercises"][2]["mistakes"][0].update(id="Missing Scaling"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_other_data_are_refused(name: str) -> None:
    """What is no report is refused."""
    data = json.loads(json.dumps(samples.three_failures().to_json()))
    good = copy.deepcopy(data)
    BROKEN[name](data)
    assert data != good
    assert not VALIDATOR.is_valid(data)
    assert VALIDATOR.is_valid(good)
