"""Pictures: what is drawn, what is said beside it, and what is not drawn."""

from __future__ import annotations

import math
import re
from typing import Any

import pytest

from graders.feedback import pages, text
from graders.feedback.pictures import Bars, Curves, Levels, Tree, picture
from graders.report import Report
from tests.graders.feedback import samples
from tests.graders.feedback.markup import Markup


def drawn(kind: str, **changes: Any) -> Any:
    """The sample of a kind, drawn."""
    return picture({**samples.PICTURES[kind], **changes})


def shown(kind: str) -> Report:
    """A report with the sample of a kind in its failure."""
    case = {"arguments": {"n": 1}, "picture": samples.PICTURES[kind]}
    failure = samples.outcome(samples.NF4[1], message="A code is wrong.", counterexample=case)
    return samples.report("ada", samples.exercise("nf4_quantization", {"nearest": failure}))


@pytest.mark.parametrize("kind", samples.PICTURES)
def test_every_kind_is_drawn_and_said(kind: str) -> None:
    """The page with a picture is sound and holds its title and its data; so does the text."""
    page, plain = Markup(pages.student_page(shown(kind))), text.student_text(shown(kind))
    made = drawn(kind)

    assert page.errors == []
    assert made.rows
    assert made.title in page.text
    assert made.title in plain
    for row in made.rows:
        assert all(cell.split()[0] in plain for cell in row if cell)
        assert all(cell.rpartition(".")[2] in page.text for cell in row)


def test_every_drawing_has_a_name_and_a_description() -> None:
    """A drawing has a title and a description, and its data stand below it as a table."""
    for kind in ("levels", "curves"):
        page = pages.student_page(shown(kind))
        assert re.search(r'<svg class="plot"[^>]* role="img" aria-labelledby="(\S+) (\S+)"', page)
        assert "<title id=" in page.split('class="plot"')[1]
        assert "<desc id=" in page.split('class="plot"')[1]
        assert "The same as a table" in page


def test_bars_have_one_scale_unless_they_are_far_apart() -> None:
    """Bars can be compared with each other; where one would vanish beside another, each pair has a scale of its own."""
    near = drawn("bars")
    assert isinstance(near, Bars)
    assert [(pair.yours_width, pair.expected_width) for pair in near.pairs] == [(25.0, 50.0), (75.0, 100.0)]
    rows = [*samples.PICTURES["bars"]["rows"], {"label": "small", "yours": 0.001, "expected": 0.002}]
    far = drawn("bars", rows=rows)
    assert [pair.expected_width for pair in far.pairs] == [100.0, 100.0, 100.0]
    assert "scale of its own" in far.summary


def test_levels_show_where_codes_went() -> None:
    """A level's column has its wrong part, and a way to the level that was given."""
    made = drawn("levels")
    assert isinstance(made, Levels)
    low, zero, high = made.columns
    assert (low.wrong, low.to) == (0.0, None)
    assert zero.height > zero.wrong > 0
    assert (zero.to, high.to) == (low.x, zero.x)
    assert made.summary == "5 of 10 codes are wrong, at 2 of 3 levels."


def test_a_tree_marks_what_differs_by_word_and_sign() -> None:
    """Entries stand below their parents; what differs has a cross and says how it should be."""
    made = drawn("tree")
    assert isinstance(made, Tree)
    (block,) = made.nodes
    attn, norm = block.below
    assert (attn.label, attn.sign) == ("attn", "")
    assert (attn.below[0].sign, attn.below[0].word) == ("✗", "left as it is, should be wrapped")
    assert (norm.sign, norm.word) == ("✓", "left as it is")
    right = {"name": "a", "what": "", "yours": "wrapped", "expected": "wrapped"}
    assert drawn("tree", nodes=[right]) is None


def test_a_long_tree_shows_what_differs() -> None:
    """Of a hundred parameters only those are shown that are not as they should be, and it says so."""
    nodes = [
        {"name": f"layers.{i}.weight", "what": "", "yours": "frozen", "expected": "frozen"} for i in range(99)
    ]
    made = drawn("tree", nodes=[*nodes, {**nodes[0], "name": "norm.weight", "yours": "trainable"}])
    assert made.rows == (("norm.weight", "trainable, should be frozen"),)
    assert made.summary == "1 of 100 is not as asked. Only those are shown."


def test_a_curve_is_broken_where_a_value_is_not_finite() -> None:
    """A loss that is no number breaks its curve, and is named in the table."""
    made = drawn("curves")
    assert isinstance(made, Curves)
    assert [line.path.count("M") for line in made.lines] == [1, 2]
    assert made.rows[1] == ("2", "2.5", "not finite")


def test_curves_that_explode_are_drawn_on_a_logarithmic_scale() -> None:
    """A loss of 1e27 leaves the others visible: equal factors are equal heights, and the text says so."""
    made = drawn("curves", lines=[{"label": "a", "values": [1.0, 1e3, 1e6]}])
    heights = [y for _, y in made.lines[0].dots]
    assert heights[0] - heights[1] == pytest.approx(heights[1] - heights[2], abs=0.2)
    assert "logarithmic" in made.summary
    assert "logarithmic" not in drawn("curves").summary


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        {},
        {"kind": "cake", "title": "x"},
        {"kind": "bars", "title": "x"},
        {"kind": "bars", "title": "x", "unit": "", "rows": []},
        {"kind": "bars", "title": "x", "unit": "", "rows": [{"label": "a", "yours": math.nan, "expected": 1.0}]},
        {"kind": "levels", "title": "x", "levels": 3},
        {"kind": "levels", "title": "x", "levels": [{"level": 0.0, "count": "many", "wrong": 1, "given": None}] * 2},
        {"kind": "tree", "title": "x", "nodes": [{"name": "a"}]},
        {"kind": "curves", "title": "x", "x": "", "y": "", "lines": [{"label": "a", "values": [None]}]},
        {"kind": "curves", "title": "x", "x": "", "y": "", "lines": [{"label": "a", "values": ["3"]}]},
        {"kind": "curves", "title": "x", "x": "", "y": "", "lines": [{"label": "a", "values": [5e-324, 0.0]}]},
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_not(data: Any) -> None:
    """Data of another form make no picture, and no error."""
    assert picture(data) is None


@pytest.mark.parametrize("data", samples.hostile_pictures("<b>\x1b\u202e"), ids=range(5))
def test_hostile_pictures_stay_finite(data: Any) -> None:
    """Whatever a picture holds, every coordinate is a number within the drawing's reach."""
    report = samples.outcome(samples.NF4[1], message="m", counterexample={"arguments": {}, "picture": data})
    page = pages.student_page(
        samples.report("ada", samples.exercise("nf4_quantization", {"nearest": report}))
    )
    for path in re.findall(r'(?: d| x| y| cx| cy| width| height)="([^"]*)"', page):
        assert "nan" not in path
        assert "inf" not in path
        assert all(abs(float(number)) < 1000 for number in re.findall(r"-?[\d.]+(?:e[+-]?\d+)?", path))
