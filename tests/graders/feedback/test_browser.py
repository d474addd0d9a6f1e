"""In a real browser: nothing of a submission runs, and nothing is wider than a narrow screen."""

from __future__ import annotations

import functools
import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from graders.feedback import pages
from tests.graders.feedback import samples

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no Chromium; on Debian and Ubuntu: apt-get install chromium"
)
WIDTH = 320
POLICY = re.compile(r"<meta http-equiv[^>]*>")
HARNESS = """<!doctype html><meta charset="utf-8"><title>waiting</title><body><script>
const pages = %s, found = {};
function look(name) {
  if (name === undefined) {
    document.body.textContent = JSON.stringify(found);
    return;
  }
  const frame = document.createElement("iframe");
  frame.style.cssText = "width:%dpx;height:900px;border:0";
  frame.onload = () => setTimeout(() => {
    const inside = frame.contentDocument;
    const wide = [...inside.querySelectorAll("body *")].filter(e => !e.closest(".scroll, pre, .hidden, .sprite, .skip")
      && e.getBoundingClientRect().right > %d + 0.5).map(e => e.tagName + "." + e.className);
    found[name] = {
      width: inside.documentElement.scrollWidth, wide: wide.slice(0, 5), title: inside.title,
      strangers: inside.querySelectorAll("script, img, iframe, object, form, base").length,
      handlers: [...inside.querySelectorAll("*")].filter(e => [...e.attributes].some(a => /^on/i.test(a.name))).length,
      colour: inside.defaultView.getComputedStyle(inside.body).backgroundColor,
    };
    frame.remove();
    look(names.shift());
  }, 30);
  frame.srcdoc = pages[name];
  document.body.append(frame);
}
const names = Object.keys(pages);
look(names.shift());
</script>"""


@functools.cache
def sample_pages() -> dict[str, str]:
    """Every kind of page; the hostile ones also without the policy, which must not be what protects them."""
    usual = {
        "perfect": pages.student_page(samples.perfect()),
        "three": pages.student_page(samples.three_failures()),
        "statuses": pages.student_page(samples.all_statuses()[0]),
        "person": pages.student_page(samples.needs_person()),
        "class": pages.class_page(samples.class_of(15)),
        "run": pages.run_page({"jobs": 2, "students": [{"student_id": "W" * 200, "wall_seconds": 1.5}]}),
        "hostile class": pages.class_page([samples.hostile(text) for text in samples.HOSTILE]),
    }
    hostile = {f"hostile {i}": pages.student_page(samples.hostile(t)) for i, t in enumerate(samples.HOSTILE)}
    bare = {f"{name} bare": POLICY.sub("", page) for name, page in hostile.items()}
    bad = "<!doctype html><main><script>document.title='PWNED'</script><img src=x onerror=1><p style='width:400px'>x"
    return usual | hostile | bare | {"bad": bad}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the browser says of each page, in a frame as wide as a narrow phone."""
    folder = tmp_path_factory.mktemp("browser")
    data = json.dumps(sample_pages()).replace("<", "\\u003c")
    (folder / "harness.html").write_text(HARNESS % (data, WIDTH, WIDTH), encoding="utf-8")
    return dict(json.loads(dumped(folder, folder / "harness.html")))


def dumped(folder: Path, page: Path) -> str:
    """The text of the page's body once its script is done."""
    command = [str(BROWSER), "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += [f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=60000", "--dump-dom"]
    done = subprocess.run([*command, page.as_uri()], capture_output=True, text=True, timeout=180, check=True)
    body = re.search(r"<body>(.*)</body>", done.stdout, re.DOTALL)
    assert body, done.stderr[-2000:]
    return html.unescape(body.group(1))


@pytest.mark.parametrize("name", [name for name in sample_pages() if name != "bad"])
def test_pages_are_safe_and_narrow(seen: dict[str, Any], name: str) -> None:
    """No page has foreign elements or a changed title, and none scrolls sideways at 320 px."""
    page = seen[name]
    assert (page["strangers"], page["handlers"]) == (0, 0)
    assert (
        page["title"] == html.unescape(sample_pages()[name].split("<title>")[1].split("</title>")[0]).strip()
    )
    assert page["width"] <= WIDTH, page["wide"]
    assert page["wide"] == []
    assert page["colour"] in {"rgb(255, 255, 255)", "rgb(13, 17, 23)"}, "the style was not applied"


def test_the_browser_would_notice(seen: dict[str, Any]) -> None:
    """A page that is none of this is found out."""
    bad = seen["bad"]
    assert bad["title"] == "PWNED"
    assert bad["strangers"] == 2
    assert bad["handlers"] == 1
    assert bad["width"] > WIDTH
    assert bad["wide"]
