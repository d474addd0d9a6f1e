"""The pages: sound, self-contained, the same at each call, and in the order that a student needs."""

from __future__ import annotations

import base64
import hashlib
import html
import re
from dataclasses import replace

import pytest

from graders.feedback import pages
from graders.report import Report
from tests.graders.feedback import samples
from tests.graders.feedback.markup import Markup

RUN = {
    "assignment": "lora_theory", "jobs": 2, "wall_seconds": 12.5,
    "students": [
        {"student_id": "ada", "how": "graded", "wall_seconds": 1.25, "judge_memory_mb": 200.0},
        {"student_id": samples.HOSTILE[0], "how": "kept"},
        {"student_id": "bo", "how": "failed", "failure": samples.HOSTILE[1], "details": samples.HOSTILE[6]},
    ],
}  # fmt: skip


@pytest.mark.parametrize("report", samples.every(), ids=lambda report: ascii(report.student_id)[:20])
def test_every_report_makes_a_sound_page(report: Report) -> None:
    """Whatever a report holds, its page has balanced tags, unique ids and nothing from outside."""
    assert Markup(pages.student_page(report)).errors == []


def test_the_page_of_the_run_is_sound() -> None:
    """A run's page is sound too, and names the submissions on which the grader failed first."""
    page = pages.run_page(RUN)
    assert Markup(page).errors == []
    assert page.index("The grader failed on 1 submission") < page.index("Each submission")
    assert Markup(pages.run_page({})).errors == []


def test_what_cost_far_more_stands_out() -> None:
    """One slow submission of many is named with the median; what a process had in use before it is not held against it."""
    rows = [
        {"student_id": f"s{i:02}", "wall_seconds": 10.0 + i % 3, "judge_memory_mb": 200.0} for i in range(20)
    ]
    slow = {"student_id": "slow", "wall_seconds": 99.5, "judge_memory_mb": 999.0}
    page = Markup(pages.run_page({"students": [*rows, slow]})).text
    assert re.search(r"Far above the others.*slow\s*wall seconds\s*99.5\s*11\s", page, re.DOTALL)
    assert page.count("slow") == 2
    assert "Far above" not in pages.run_page({"students": rows})
    assert "Far above" not in pages.run_page({"students": [*rows[:3], slow]})


def test_the_reader_refuses_bad_markup() -> None:
    """The checks above can fail: text that is not escaped is found, and so is a link that leads nowhere."""
    page = pages.student_page(samples.perfect())
    for bad in ("<b>", "</p>", "<img src=x>", '<a href="https://example.org">x</a>', '<a href="#no">x</a>',
                '<p id="main"></p>', "<h1>x</h1>", "<script>1</script>", '<p onclick="x"></p>'):  # fmt: skip
        assert Markup(page.replace("</main>", f"{bad}</main>")).errors, bad


@pytest.mark.parametrize("text", samples.HOSTILE, ids=range(len(samples.HOSTILE)))
def test_hostile_text_stays_text(text: str) -> None:
    """A page with hostile text has the same elements as one with harmless text, and shows the text."""
    hostile, harmless = (
        Markup(pages.student_page(samples.hostile(each))) for each in (text, "x" * len(text))
    )
    kinds = [{tag for tag, _ in page.tags} for page in (hostile, harmless)]
    assert kinds[0] <= kinds[1] | {"code"}
    assert "1337" not in hostile.text
    if text.isascii() and text.isprintable() and "`" not in text:
        assert text[:100] in hostile.text


def test_no_control_character_reaches_a_page() -> None:
    """Control and direction characters are shown as symbols; what is left encodes as UTF-8."""
    page = pages.student_page(
        samples.hostile("".join(map(chr, [*range(32), *range(0x7F, 0xA0), 0x202E, 0xD800])))
    )
    page.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", page)


def test_the_same_report_gives_the_same_page() -> None:
    """What may differ between runs changes no page."""
    report = samples.three_failures()
    other = replace(report, timing={"wall_s": 99.0}, environment={"host": "elsewhere"})
    assert pages.student_page(report) == pages.student_page(other)


def test_the_policy_allows_the_style_and_nothing_else() -> None:
    """The content security policy names the one style sheet, so nothing else can run or load."""
    page = pages.student_page(samples.perfect())
    style = page.split("<style>")[1].split("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'" in page
    assert "url(" not in style
    assert "@import" not in style


def test_what_does_not_hold_comes_first() -> None:
    """In an exercise: failures, what ran out of time, the grader's faults, what was not run, what holds."""
    statuses = ["passed", "not_run", "error", "timed_out", "failed"]
    changes = {item[0]: samples.outcome(item, status, message="m", needs_person=status == "error")
               for item, status in zip(samples.BIAS[1:], statuses[1:], strict=False)}  # fmt: skip
    page = pages.student_page(samples.report("ada", samples.exercise("lora_with_bias", changes)))
    places = [page.index(f'id="exercise-1-{position}"') for position in (5, 4, 3, 2, 1)]
    assert places == sorted(places)


def test_a_failure_shows_all_that_is_known() -> None:
    """Points, the sentence, the message, the case, yours and expected with a mark, facts and the replay."""
    page = Markup(pages.student_page(samples.three_failures())).text
    for part in ("0 of 4 points", samples.SENTENCES["update-scaled"], "Your layer added 4", "train_bias",
                 "[[1, 1]] (float64)", "▶ first difference", "2 of 3 entries differ.",
                 "Right for rank 1 (12 cases)", "print(\"yours   \", lora(x) - layer(x))",
                 "How many numbers does Adam remember"):  # fmt: skip
        assert part in page, part


def test_a_failure_is_told_in_the_order_of_a_students_questions() -> None:
    """What happened, what the exercise says, the case, yours and expected, what else was seen, hints, replay."""
    page = pages.student_page(samples.three_failures())
    parts = ("Your layer added 4 where", "The exercise says:", "Smallest case", "Yours and expected",
             "Right for rank 1", "A hint: where to look", "One more: a question", "One more: a way to find out",
             "See it yourself in Python")  # fmt: skip
    places = [page.index(part) for part in parts]
    assert places == sorted(places)
    assert page.index("It explains all 23 checks") < page.index("<code>full_ft_optimizer</code> is half")


def test_what_happened_is_the_heading_and_the_claim_stands_beside_it() -> None:
    """The first line of a message is the heading, cut where it is long; all of it stands below then."""
    message = "Your code raised ValueError during " + "forward " * 400
    crash = samples.outcome(samples.NF4[1], message=f"{message}\nno")
    page = pages.student_page(samples.report("ada", samples.exercise("nf4_quantization", {"nearest": crash})))
    (heading,) = re.findall(r"<h3[^>]*>(.*?)</h3>", page)
    assert heading.endswith("forward …")
    assert len(heading) <= 152
    assert (
        '<p class="claimed">Each code is the index of the level nearest to <code>value / scale</code></p>'
        in page
    )
    assert f"{message[:1900]}" in page


def test_hints_are_closed_and_each_holds_the_next() -> None:
    """A hint is opened by itself, and only then is there a next one."""
    page = pages.student_page(samples.report("ada", samples.exercise("lora_with_bias", {"update-scaled": samples.scaling_failure()})))  # fmt: skip
    ladder = re.search(r'<details class="hint">.*?</details>\s*</details>\s*</details>', page, re.DOTALL)
    assert ladder
    assert [hint in html.unescape(ladder.group()) for hint in samples.HINTS] == [True] * 3
    assert ladder.group().count('<details class="hint">') == 3
    assert "<details open" not in page


def test_the_exercise_can_be_read_in_full() -> None:
    """A failure links to what the exercise asks for, which stands closed in the page, with its list, formula and table."""
    page = Markup(pages.student_page(samples.three_failures()))
    assert "#exercise-1-contract" in [attributes.get("href") for attributes in page.all("a")]
    assert any(attributes.get("id") == "exercise-1-contract" for attributes in page.all("div"))
    assert "Every rank >= 1 works, also above min(in, out)." in page.text
    assert "y = original_layer(x) + (alpha / rank) * dropout(x) @ A.T @ B.T" in page.text


def test_claims_wait_on_what_can_be_mended() -> None:
    """Of a chain of claims that wait, each names the failure at its start, and they stand together."""
    waits = {
        "weight-frozen": samples.outcome(samples.BIAS[2], "not_run", waits_on=("update-scaled",)),
        "bias-flag": samples.outcome(samples.BIAS[3], "not_run", waits_on=("weight-frozen", "gradients")),
        "gradients": samples.outcome(samples.BIAS[7], "not_run", waits_on=("bias-flag", "update-scaled")),
    }
    exercise = samples.exercise("lora_with_bias", {"update-scaled": samples.scaling_failure(), **waits})
    page = Markup(pages.student_page(samples.report("ada", exercise))).text
    assert page.count("These wait on “The LoRA update is scaled by alpha / rank”:") == 1
    assert "Waits on" not in page


def test_full_marks_are_short() -> None:
    """A page for full marks says so and holds no failure, no advice and no open list."""
    page = Markup(pages.student_page(samples.perfect()))
    assert "All 24 claims hold. Full marks: well done." in page.text
    assert "does not hold" not in page.text
    assert not any("open" in attributes for attributes in page.all("details"))


def test_every_status_has_its_words() -> None:
    """Each exercise that was not graded shows its message and a next step, and its claims."""
    for report in samples.all_statuses():
        text = Markup(pages.student_page(report)).text
        for exercise in report.exercises:
            assert samples.STATUS_MESSAGES[exercise.status].replace("`", "") in text
            assert f"What will be looked at: {len(exercise.properties)} claims" in text


def test_the_graders_fault_is_told_kindly() -> None:
    """A student sees full points and no trace of the judge."""
    page = pages.student_page(samples.needs_person())
    assert "our fault and not yours" in page
    assert "ZeroDivisionError" not in page


def test_protections_are_told_without_what_varies() -> None:
    """The level and the walls stand on the page; a report without them points to its JSON."""
    page = pages.student_page(samples.perfect())
    assert "protection level 2 of 4. Active: rlimits, landlock, seccomp." in page
    assert "Not active: bubblewrap (not installed)." in page
    assert "stands in report.json" in pages.student_page(replace(samples.perfect(), protections={}))


def luminance(colour: str) -> float:
    """WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    """WCAG's contrast ratio."""
    light, dark = sorted((luminance(a), luminance(b)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_colours_can_be_read(theme: int) -> None:
    """In both themes every text colour has 4.5:1 on page and panel, borders and bars have 3:1."""
    style = pages.student_page(samples.perfect()).split("<style>")[1]
    palettes = re.findall(r":root \{([^}]*--page[^}]*)\}", style)
    colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", palettes[theme]))
    for ground in ("page", "panel"):
        for name in ("text", "muted", "link", "pass", "fail", "warn"):
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)
        assert contrast(colours["border"], colours[ground]) >= 3
    for name in ("link", "pass"):
        assert contrast(colours[name], colours["track"]) >= 3
