"""axe-core in a real browser: WCAG 2.2 AA holds on every kind of page, in both themes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.graders.feedback.kinds import hostile_pages, show, usual_pages

axe_playwright = pytest.importorskip(
    "axe_playwright_python.sync_playwright",
    reason="no axe; pip install axe-playwright-python (and a Chromium: apt-get install chromium)",
)
LEVELS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ALL = {
    "runOnly": {"type": "tag", "values": LEVELS},
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
CONTRAST = {
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations"],
}  # the one rule that sees colours
ALIKE = {"300 submissions.html"}  # as that of 15
NAMES = [name for name in (*usual_pages(), "hostile 1", "hostile mistakes.html") if name not in ALIKE]


@pytest.fixture(scope="module", params=["light", "dark"])
def page(browser: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """A tab in one of the themes."""
    context = browser.new_context(color_scheme=request.param, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.theme = request.param
    yield page
    context.close()


def violations(page: Any, options: dict[str, Any]) -> list[tuple[str, str]]:
    """What axe finds: the rule, and the first element that breaks it."""
    found = axe_playwright.Axe().run(page, options=options).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in found]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_stands_in_the_way(page: Any, name: str) -> None:
    """No rule of WCAG 2.2 AA is broken, target sizes included; in the dark theme colours are looked at again."""
    show(page, (usual_pages() | hostile_pages())[name])
    if name == "300 index.html":  # rows are alike, and axe takes its time for each
        page.get_by_label("Filter the students").fill("student29")
    assert violations(page, ALL if page.theme == "light" else CONTRAST) == []


PLANTED = {
    "image-alt": "<img src='data:,'>",
    "color-contrast": "<p style='color: #888; background: #999'>some words</p>",
    "label": "<input>",
    "target-size": "<p><button style='width:9px;height:9px;padding:0'>a</button><button style='width:9px;height:9px;padding:0'>b</button></p>",
    "aria-valid-attr-value": "<div role='columnheader' aria-sort='sideways'>x</div>",
}  # fmt: skip


def test_axe_would_notice(page: Any) -> None:
    """Each violation that is planted in a page is found out, in either theme."""
    bare = re.sub(r"<meta http-equiv[^>]*>", "", usual_pages()["perfect"])
    show(page, bare.replace("</main>", f"{''.join(PLANTED.values())}</main>"))
    assert set(PLANTED) <= {rule for rule, _ in violations(page, ALL)}
