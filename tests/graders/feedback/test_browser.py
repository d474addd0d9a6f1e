"""In a real browser: nothing of a submission runs, nothing is wider than a narrow screen, and tables sort and filter."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.graders.feedback import samples
from tests.graders.feedback.kinds import class_pages, hostile_pages, show, usual_pages

WIDTH = 320
POLICY = re.compile(r"<meta http-equiv[^>]*>")
LOOK = """() => {
  const wide = [...document.querySelectorAll("body *")].filter(e => !e.closest(".scroll, pre, .hidden, .sprite, .skip")
    && e.getBoundingClientRect().right > innerWidth + 0.5).map(e => e.tagName + "." + e.className);
  return {
    width: document.documentElement.scrollWidth, wide: wide.slice(0, 5), title: document.title,
    strangers: document.querySelectorAll("img, iframe, object, form, base").length,
    scripts: document.scripts.length,
    handlers: [...document.querySelectorAll("*")].filter(e => [...e.attributes].some(a => /^on/i.test(a.name))).length,
    colour: getComputedStyle(document.body).backgroundColor,
  };
}"""
BAD = "<!doctype html><main><script>document.title='PWNED'</script><img src=x onerror=1><p style='width:400px'>x"
HOSTILE = hostile_pages()
SAFE = usual_pages() | {
    name: POLICY.sub("", page) for name, page in HOSTILE.items()
}  # text alone must be harmless


@pytest.fixture(scope="module")
def narrow(browser: Any) -> Iterator[Any]:
    """A tab as wide as a narrow phone; a dialogue that a page opens, or an error in its script, is a failure."""
    context = browser.new_context(viewport={"width": WIDTH, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


@pytest.mark.parametrize("name", SAFE)
def test_pages_are_safe_and_narrow(narrow: Any, name: str) -> None:
    """No page has foreign elements or a changed title, and none scrolls sideways at 320 px; hostile ones without their policy."""
    show(narrow, SAFE[name])
    seen = narrow.evaluate(LOOK)
    assert (seen["strangers"], seen["handlers"]) == (0, 0)
    assert seen["scripts"] == (".html" in name or name == "run")
    assert seen["title"] == html.unescape(SAFE[name].split("<title>")[1].split("</title>")[0]).strip()
    assert seen["width"] <= WIDTH, seen["wide"]
    assert seen["wide"] == []
    assert seen["colour"] in {"rgb(255, 255, 255)", "rgb(13, 17, 23)"}, "the style was not applied"


def test_the_browser_would_notice(narrow: Any) -> None:
    """A page that is none of this is found out."""
    show(narrow, BAD)
    bad = narrow.evaluate(LOOK)
    assert bad["title"] == "PWNED"
    assert (bad["strangers"], bad["scripts"], bad["handlers"]) == (1, 1, 1)
    assert bad["width"] > WIDTH
    assert bad["wide"]


# ------------------------------------------------------------------------------------ sort and filter


@pytest.fixture
def glance(browser: Any) -> Iterator[Any]:
    """The first page of a class of 300, with our script under its policy."""
    page = browser.new_page()
    show(page, usual_pages()["300 index.html"])
    yield page
    page.close()


def column(page: Any, place: int) -> list[str]:
    """A column of the students that are shown, top to bottom."""
    js = "place => [...document.querySelectorAll('[data-noun=students] tbody tr')].filter(r => !r.hidden).map(r => r.cells[place].textContent.trim())"
    return list(page.evaluate(js, place))


def test_sorting_by_keyboard(glance: Any) -> None:
    """Enter on a header's button sorts up, then down; the header says which way, and equal rows keep their order."""
    students, scores = column(glance, 0), [float(score) for score in column(glance, 1)]
    button = glance.get_by_role("button", name="Score")
    header = glance.get_by_role("columnheader", name="Score")
    assert header.get_attribute("aria-sort") is None
    button.focus()
    for direction, sign in (("ascending", 1), ("descending", -1)):
        glance.keyboard.press("Enter")
        assert header.get_attribute("aria-sort") == direction
        order = sorted(range(300), key=lambda i: (sign * scores[i], i))
        assert column(glance, 0) == [students[i] for i in order]
    glance.keyboard.press("Shift+Tab")
    glance.keyboard.press("Space")  # the button before it: names
    assert header.get_attribute("aria-sort") is None
    assert column(glance, 0) == sorted(students)


def test_what_is_empty_comes_last(browser: Any) -> None:
    """A student without a result in an exercise stands at the end, whichever way its column is sorted."""
    half = samples.report("half", samples.exercise("nf4_quantization"))
    page = browser.new_page()
    show(page, class_pages([half, samples.three_failures("ada"), samples.perfect("bo")])["index.html"])
    for _ in range(2):
        page.get_by_role("button", name="Memory of fine-tuning").click()
        assert column(page, 0)[-1] == "half"
    page.close()


def test_filtering_by_keyboard(glance: Any) -> None:
    """Typed words keep the rows that have all of them; the count is live, and sorting keeps the filter."""
    glance.get_by_label("Filter the students").focus()
    count = glance.get_by_role("status").last
    assert count.text_content() == "300 of 300 students"
    glance.keyboard.type("STUDENT12 graded")
    assert column(glance, 0) == [f"student{i}" for i in range(120, 130)]
    assert count.text_content() == "10 of 300 students"
    glance.get_by_role("button", name="Student").last.press("Enter")
    glance.get_by_role("button", name="Student").last.press("Enter")
    assert column(glance, 0) == [f"student{i}" for i in range(129, 119, -1)]
    glance.get_by_label("Filter the students").fill("(no such")
    assert count.text_content() == "0 of 300 students"


def test_everything_is_there_without_script(browser: Any) -> None:
    """Where scripts are off the tables are whole, and no control stands there that would do nothing."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for name in ("15 claims.html", "15 mistakes.html", "15 submissions.html", "run", "300 index.html"):
        show(page, usual_pages()[name])
        assert page.locator("button, input").count() == 0, name
    rows = page.locator("[data-noun=students] tbody tr")
    assert rows.count() == 300
    assert rows.last.is_visible()
    context.close()


def test_a_foreign_script_does_not_run(browser: Any) -> None:
    """On a page with our script, the policy stops every other one: in an element, an attribute, an address."""
    text = usual_pages()["15 index.html"]
    foreign = "<script>document.title='PWNED'</script><img src=x onerror=\"document.title='PWNED'\">"
    page = browser.new_page()
    show(page, text.replace("</main>", f"{foreign}</main>"))
    page.wait_for_timeout(50)
    assert page.title() != "PWNED"
    assert page.get_by_role("button", name="Score").count() == 1
    page.close()
