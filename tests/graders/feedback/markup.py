"""A strict reader of our own pages: what browsers would silently repair is an error here."""

from __future__ import annotations

import itertools
from html.parser import HTMLParser
from pathlib import Path

import graders.feedback

VOID = {"meta", "br", "link", "hr", "img", "input"}
OURS = (Path(graders.feedback.__file__).parent / "templates" / "tables.js").read_text(encoding="utf-8")
SELF_CLOSED = {"path", "circle", "rect", "line", "use"}


class Markup(HTMLParser):
    """Reads a page. `errors` says what is wrong with it."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.errors: list[str] = []
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: list[str] = []
        self.feed(page)
        self.close()
        self.errors += [f"<{tag}> is not closed" for tag in self.open]
        if self.scripts not in ([], [OURS]):
            self.errors.append("a script that is not ours")
        self._look()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.errors.append(f"<{tag}> has an attribute twice")
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in SELF_CLOSED:
            self.errors.append(f"<{tag}/> closes itself")
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.errors.append(f"</{tag}> closes what is not open")

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts.append(data)
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every `tag`."""
        return [attributes for name, attributes in self.tags if name == tag]

    @property
    def text(self) -> str:
        """All text of the page, in order."""
        return "".join(self.texts)

    def _look(self) -> None:
        ids = [attributes["id"] for _, attributes in self.tags if "id" in attributes]
        self.errors += [f"id {name} stands twice" for name in set(ids) if ids.count(name) > 1]
        if len(self.all("h1")) != 1 or len(self.all("main")) != 1:
            self.errors.append("not one h1 and one main")
        levels = [int(name[1]) for name, _ in self.tags if name in {"h1", "h2", "h3", "h4"}]
        pairs = itertools.pairwise(levels)
        self.errors += [f"h{b} after h{a}" for a, b in pairs if b > a + 1]
        for tag, attributes in self.tags:
            self._look_at(tag, attributes, set(ids))

    def _look_at(self, tag: str, attributes: dict[str, str], ids: set[str]) -> None:
        if tag in {"iframe", "object", "embed", "base", "form", "link", "img"}:
            self.errors.append(f"<{tag}> on the page")
        if "style" in attributes or any(name.startswith("on") for name in attributes):
            self.errors.append(f"<{tag}> with style or script")
        if "src" in attributes or "srcset" in attributes:
            self.errors.append(f"<{tag}> fetches something")
        href = attributes.get("href", "#main")
        if href.startswith("#") and href[1:] not in ids:
            self.errors.append(f"{href} leads nowhere")
        if ":" in href.split("/")[0] or href.startswith("//"):
            self.errors.append(f"{href} leads away")
        for name in attributes.get("aria-labelledby", "").split():
            if name not in ids:
                self.errors.append(f"label {name} is missing")
        if tag == "th" and attributes.get("scope") not in {"col", "row"}:
            self.errors.append("th without scope")
