"""The class's pages and files: what they count, whom they name, and that nothing in them acts."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import re
from dataclasses import replace
from typing import Any

import pytest

from graders.feedback import pages
from graders.feedback.clusters import clustered, signature, stripped
from graders.feedback.course import Course, course
from graders.feedback.items import Item, Power, all_items, co_failures
from graders.feedback.mistakes import frequencies
from graders.report import Report
from tests.graders.feedback import samples
from tests.graders.feedback.markup import OURS, Markup

FAILED = {samples.HOSTILE[1]: samples.HOSTILE[0]}
LARGE = samples.class_of(300)
FORTY = samples.class_of(40)


def class_files(*arguments: Any, **named: Any) -> dict[str, str]:
    """The text of each file by its name."""
    return dict(pages.class_files(*arguments, **named))


def files(reports: list[Report]) -> dict[str, str]:
    """All that is written for a class."""
    return class_files(reports, failed=FAILED, similar=samples.similar(reports) if reports else None)


def rows(text: str) -> list[dict[str, str]]:
    """The records of a CSV file."""
    return list(csv.DictReader(io.StringIO(text, newline="")))


# Nearly nobody handed in the last exercise: it has too few for statistics in a class that has enough.
FEW = [
    replace(report, exercises=(*report.exercises[:-1], samples.not_graded(report.exercises[-1].id, "missing", "")))
    for report in FORTY[:-5]
] + FORTY[-5:]  # fmt: skip


@pytest.mark.parametrize(
    "reports", [[], samples.every(), FORTY, FEW], ids=["nobody", "hostile", "forty", "few came to one"]
)
def test_the_pages_are_sound(reports: list[Report]) -> None:
    """Every page of a class is sound for nobody, for hostile texts and for a usual class; its one script is ours."""
    found = files(reports)
    for name in ("index.html", "claims.html", "mistakes.html", "submissions.html"):
        page = Markup(found[name])
        assert page.errors == [], name
        assert page.scripts == [OURS]
        for link in page.all("a"):
            href = link["href"].split("#")[0]
            assert href in found or href.endswith("/report.html") or href in {"", "run.html"}, href
    json.loads(found["class.json"].encode("utf-8", "backslashreplace"))


def test_a_foreign_script_is_found() -> None:
    """The reader of pages refuses a second script, and one that is changed by a letter."""
    page = files(FORTY)["index.html"]
    assert Markup(page.replace("</main>", "<script>1</script></main>")).errors
    assert Markup(page.replace('"use strict";', '"use strict"; ')).errors


def test_the_policy_allows_our_script_alone() -> None:
    """The policy names the script's text, and the script neither evaluates text nor writes markup."""
    digest = base64.b64encode(hashlib.sha256(OURS.encode()).digest()).decode()
    assert f"; script-src 'sha256-{digest}'; base-uri 'none'" in files(FORTY)["claims.html"]
    assert not re.search(
        r"\beval\b|Function\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|fetch\(", OURS
    )


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    """Hostile text makes no element, no control character, no formula and no record."""
    hostile, harmless = (
        class_files(
            [samples.hostile(each, each), samples.hostile(each, f"{each}2")],
            failed={each: each},
            similar=[samples.Similar(each, f"{each}2", each, 0.9, 9)],
        )
        for each in (text, "x" * len(text))
    )
    data = hostile.pop("class.json").encode("utf-8", "backslashreplace")  # JSON has its own escapes
    assert json.loads(data)["similar"][0]["exercise"] == text
    for name, page in hostile.items():
        page.encode("utf-8")
        assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)
        if name.endswith(".html"):
            kinds = [{tag for tag, _ in Markup(each).tags} for each in (page, harmless[name])]
            assert kinds[0] <= kinds[1] | {"code"}
            assert "1337" not in page
        elif name.endswith(".csv"):
            records = list(csv.reader(io.StringIO(page, newline="")))
            assert len(records) == len(list(csv.reader(io.StringIO(harmless[name], newline=""))))
            cells = {cell for record in records for cell in record}
            assert not [cell for cell in cells if cell.lstrip()[:1] in set("=+-@") and not number(cell)]


def number(cell: str) -> bool:
    """Whether a cell is a number, which may have a minus."""
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


def test_the_order_of_the_class_changes_nothing() -> None:
    """The same reports in another order give the same files, byte for byte."""
    similar = samples.similar(LARGE)
    turned = class_files(LARGE[::-1], failed=FAILED, similar=similar)
    assert class_files(LARGE, failed=FAILED, similar=similar) == turned


def test_the_grader_fault_stands_first_and_in_full() -> None:
    """What the grader broke on is pointed to, told in full, and stands before the scores."""
    page = class_files([samples.needs_person()])["index.html"]
    assert "ZeroDivisionError" in page
    assert page.index("To look at first") < page.index("A person is needed") < page.index(">Scores<")


def test_links_lead_to_the_reports() -> None:
    """A link is the path that the caller gave, percent-encoded once more for a browser, and the exercise's place."""
    reports = [samples.perfect("josé"), samples.three_failures("a b")]
    found = class_files(reports, {"josé": "jos%C3%A9/lora_theory/report.html"})
    hrefs = [attributes["href"] for attributes in Markup(found["index.html"]).all("a")]
    assert "jos%25C3%25A9/lora_theory/report.html" in hrefs
    assert "a%2520b/lora_theory/report.html" in hrefs
    assert 'href="a%2520b/lora_theory/report.html#exercise-3"' in found["mistakes.html"]


def test_the_histogram_adds_up() -> None:
    """The histogram's table has every student once."""
    page = files(FORTY)["index.html"]
    counts = re.findall(r'">(\d+) % to [^<]*</th><td class="num">(\d+)', page)
    assert len(counts) == 10
    assert sum(int(count) for _, count in counts) == 40


def test_small_classes_are_told_in_counts_only() -> None:
    """Below 30 submissions there is no rate, no r and no D; below 100 they are called rough; above, neither."""
    pages_of = {size: files(samples.class_of(size)) for size in (29, 40, 100)}
    small = pages_of[29]
    assert "only counts are told" in small["claims.html"]
    assert "r, all" not in small["claims.html"]
    assert "95 % interval" not in small["mistakes.html"]
    assert "Claims that fail together" not in small["claims.html"]
    assert "are rough" in pages_of[40]["claims.html"]
    assert "r, all" in pages_of[40]["claims.html"]
    assert 'class="note"' not in pages_of[100]["claims.html"]


# ------------------------------------------------------------------------------------------- claims


def half(number: int, holds: bool, points: float) -> Report:
    """A report with one exercise of 10 points, its first claim as said; the others make up `points` of it."""
    first = samples.Outcome("first", "First.", 1.0 * holds, 1.0, "passed" if holds else "failed", message="m")
    rest = samples.Outcome("rest", "Rest.", points, 9.0, "passed" if points else "failed", message="m")
    return Report(
        f"s{number:03}", "lora_theory", (samples.ExerciseReport("e", "E", "graded", "", (first, rest)),)
    )


def test_a_claim_is_held_against_the_rest() -> None:
    """r and D of a claim leave its own points out, so that a claim that means nothing has r = D = 0."""
    reports = [half(i, i % 2 == 0, 9.0 * (i % 4 < 2)) for i in range(40)]
    first = all_items(reports)[0]
    assert first.overall
    assert first.overall.correlation == pytest.approx(0)
    assert first.overall.discrimination == pytest.approx(0)
    told = all_items([half(i, i % 4 < 2, 9.0 * (i % 4 < 2)) for i in range(40)])[0]
    assert told.overall
    assert told.overall.correlation == pytest.approx(1)
    assert told.overall.discrimination == pytest.approx(1)


def test_who_did_not_come_to_a_claim_is_counted_apart() -> None:
    """A claim that was not run, or that the grader broke on, counts for nobody."""
    ran = samples.report("a", samples.exercise("nf4_quantization"))
    waits = samples.exercise("nf4_quantization", {"nearest": samples.outcome(samples.NF4[1], "not_run")})
    reports = [ran, samples.report("b", waits), samples.needs_person("c")]
    by_id = {item.claim: item for item in all_items(reports) if item.exercise == "nf4_quantization"}
    assert (by_id["nearest"].holds, by_id["nearest"].judged, by_id["nearest"].not_run) == (2, 2, 1)
    assert (by_id["zero-block"].holds, by_id["zero-block"].judged) == (2, 2)


@pytest.mark.parametrize(
    ("r", "flag"), [(-0.5, "look for a wrong grader first"), (-0.2, "review"), (None, "review")]
)
def test_a_wrong_grader_is_suspected_where_chance_is_no_explanation(r: float | None, flag: str) -> None:
    """Who makes one mistake seldom makes another, so that a small negative correlation says nothing."""
    assert Item("e", "E", "c", "C", 50, 100, 0, None, Power(r, -0.1)).flag == flag


@pytest.mark.parametrize(
    ("share", "d", "flag"),
    [
        (0.5, 0.2, ""), (0.5, 0.19, "review"), (0.5, -0.01, "review"), (0.5, None, ""),
        (0.97, 0.05, "nearly all"), (0.97, -0.05, "nearly all"), (0.05, 0.1, "nearly nobody"),
    ],
)  # fmt: skip
def test_flags(share: float, d: float | None, flag: str) -> None:
    """D below 0.2 asks for a review, where D can be large at all."""
    assert Item("e", "E", "c", "C", round(100 * share), 100, 0, None, Power(0.1, d)).flag == flag


def test_pairs_fail_together_more_often_than_by_chance() -> None:
    """Two claims that one idea breaks are a pair, with their counts; independent ones are none."""
    reports = [
        samples.report(
            f"s{i:02}",
            samples.exercise(
                "nf4_quantization",
                {
                    item[0]: samples.outcome(item, message="m")
                    for item, broken in zip(samples.NF4, (i < 10, i < 12, i % 2 == 0, False), strict=True)
                    if broken
                },
            ),
        )
        for i in range(60)
    ]
    (pair,) = co_failures(reports)
    assert (pair.first.claim, pair.second.claim) == ("scales", "nearest")
    assert (pair.both, pair.first_fails, pair.second_fails, pair.of) == (10, 10, 12, 60)
    assert pair.lift == pytest.approx(5)
    assert co_failures(reports[:29]) == []


# ------------------------------------------------------------------------- mistakes and clusters


def test_every_failure_is_named_or_unnamed() -> None:
    """For each exercise the named and the unnamed failures are those that failed; `of` counts the graded."""
    for exercise in samples.EXERCISES:
        parts = [part for report in LARGE for part in report.exercises if part.id == exercise]
        failing = sum(any(o.status == "failed" for o in part.properties) for part in parts)
        mine = [row for row in frequencies(LARGE) if row.exercise == exercise]
        assert sum(len(row.members) for row in mine) == failing
        assert {row.of for row in mine} == {sum(part.status == "graded" for part in parts)}
        assert sum(row.id == "" for row in mine) == 1
    unnamed = sum(len(row.members) for row in frequencies(LARGE) if not row.id)
    assert unnamed == sum(len(cluster.members) for cluster in clustered(LARGE))


@pytest.mark.parametrize(
    ("message", "same"),
    [
        ("Your layer added 4 where 2.5e-3 is right.", "Your layer added -12.25 where 7 is right."),
        ("`q_proj` was left as it is.", "`block.0.up` was left as it is."),
        ("x has shape (2, 3), should be (4,).", "x has shape (1, 2, 7), should be (9,)."),
        ("raised KeyError in line 3.\n'a'\nLine 3: return d['a']", "raised KeyError in line 41.\n'b'\nLine 41: x"),
        ("scale is nan, should be 0", "scale is inf, should be 1"),
    ],
)  # fmt: skip
def test_numbers_and_names_do_not_part_a_cluster(message: str, same: str) -> None:
    """Messages that differ only in numbers, shapes, names and lines of code are the same observation."""
    assert stripped(message) == stripped(same)


@pytest.mark.parametrize(
    ("message", "other"),
    [
        ("Your code raised KeyError.", "Your code raised IndexError."),
        ("It isn't scaled, it's not.", "It isn't moved, it's not."),
        ("float32 instead of float64", "float16 instead of float64"),
    ],
)
def test_words_part_a_cluster(message: str, other: str) -> None:
    """Messages with other words are other observations; an apostrophe is no quote, a dtype no number."""
    assert stripped(message) != stripped(other)


def test_a_cluster_shows_its_smallest_case() -> None:
    """Same failures without a name make a cluster, its smallest case shown; three of them are worth a name."""

    def fails(student: str, value: int, **more: object) -> Report:
        case = {"arguments": {"x": [1] * value}}
        outcome = samples.outcome(samples.NF4[0], message=f"scales[{value}] is wrong.", counterexample=case)
        return samples.report(student, samples.exercise("nf4_quantization", {"scales": outcome}, **more))

    name = (samples.NamedMistake("std-scale", "t", "h"),)
    reports = [
        fails("a", 5),
        fails("b", 2),
        fails("c", 9),
        fails("d", 1, mistakes=name),
        samples.perfect("e"),
    ]
    (cluster,) = clustered(reports)
    assert [report.student_id for report in cluster.members] == ["a", "b", "c"]
    assert cluster.smallest.student_id == "b"
    assert cluster.arguments == [("x", "[1, 1]")]
    assert cluster.worth_a_name
    assert not clustered(reports[:2])[0].worth_a_name
    assert signature(reports[0].exercises[0]) == (("scales", "failed", "scales# is wrong."),)


# ---------------------------------------------------------------------------------------------- files


def its(reports: list[Report]) -> Course:
    """The class as data."""
    return course(reports, {}, {}, None)


def test_the_files_agree_with_the_pages() -> None:
    """CSV and JSON hold what the pages show: claims, pairs, mistakes, members of clusters, and who is to be looked at."""
    found, data = files(LARGE), json.loads(files(LARGE)["class.json"])
    assert len(rows(found["claims.csv"])) == len(data["claims"]) == len(its(LARGE).items)
    assert len(rows(found["pairs.csv"])) == len(data["pairs"]) == 10
    counts = [int(row["count"]) for row in rows(found["mistakes.csv"])]
    assert counts == [row["count"] for row in data["mistakes"]]
    named = [row["count"] for row in data["mistakes"] if row["id"]]
    assert named == sorted(named, reverse=True)
    assert [row["id"] for row in data["mistakes"][len(named) :]] == [None] * 4
    assert len(rows(found["clusters.csv"])) == sum(len(cluster["students"]) for cluster in data["clusters"])
    whys = [row["why"] for row in rows(found["submissions.csv"])]
    assert whys.count("not graded") == len(data["not_graded"]) == 8
    assert whys.count("tried what no exercise needs") == len(data["refused"]) > 0
    assert whys.count("nearly identical") == len(data["similar"]) == 2
    assert data["students"][0]["student_id"] == "edsger"
    assert rows(found["grades.csv"])[-1]["status"] == "needs_person"
    for mistake in data["mistakes"]:
        low, high = mistake["interval_95"]
        assert low < mistake["count"] / mistake["of"] < high


def test_nobody_looked_is_not_nobody_found() -> None:
    """A class that was not compared says so; one that was, and has no pair, says that."""
    assert "Nobody looked." in class_files(FORTY)["submissions.html"]
    assert json.loads(class_files(FORTY)["class.json"])["similar"] is None
    assert "No two submissions are nearly the same." in class_files(FORTY, similar=[])["submissions.html"]
