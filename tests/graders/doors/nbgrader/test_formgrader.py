"""formgrader, in a real browser: our points and comments stand where a teaching assistant looks for them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import pytest

pytest.importorskip("nbgrader", reason="needs nbgrader: make setup")

from nbgrader.api import Gradebook

from tests.graders.doors.nbgrader.class_of_oddities import SCORES
from tests.graders.doors.nbgrader.conftest import NAME, Course

TOKEN = "of-a-test"


@pytest.fixture(scope="module")
def server(course: Course) -> Iterator[str]:
    """The address of a Jupyter server in the course's folder."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["-m", "jupyter", "server", "--allow-root", "--no-browser", "--ip=127.0.0.1", f"--port={port}"]
    log = (course.root / "server.log").open("w")
    running = subprocess.Popen(
        [sys.executable, *command, f"--IdentityProvider.token={TOKEN}"],
        cwd=course.root, stdout=log, stderr=log, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    for _ in range(300):
        with suppress(OSError):
            ask(f"{address}/api/status")
            break
        time.sleep(0.2)
    yield address
    running.terminate()
    running.wait(20)
    log.close()


def ask(address: str, method: str = "GET") -> Any:
    """What the server answers, as data."""
    request = urllib.request.Request(address, method=method, headers={"Authorization": f"token {TOKEN}"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


def test_points_and_comments_are_shown(server: str, course: Course, browser: Any) -> None:
    """The table of submissions has every student's score; a submission's page has points and comment at its cells."""
    page = browser.new_page(extra_http_headers={"Authorization": f"token {TOKEN}"})
    page.goto(f"{server}/formgrader/manage_submissions/{NAME}")
    page.wait_for_selector("text=untouched", timeout=30_000)
    rows = dict(
        page.eval_on_selector_all(
            "tbody tr", "rows => rows.map(r => [r.cells[1].innerText, r.cells[4].innerText])"
        )
    )
    assert {name: rows[name] for name in ("split", "forged", "untouched")} == {
        "split": "40 / 100", "forged": "20 / 100", "untouched": "0 / 100",
    }  # fmt: skip
    assert set(SCORES) <= set(rows)

    with Gradebook(course.url, "dl") as book:
        number = book.find_submission_notebook(NAME, NAME, "forged").id
    page.goto(f"{server}/formgrader/submissions/{number}/")
    said = "textarea[placeholder*='raised ValueError']"
    page.wait_for_selector(said, timeout=30_000)
    points = page.eval_on_selector_all("input.score", "inputs => inputs.map(i => i.placeholder)")
    assert sorted(points, key=float) == ["0", "0", "0", "20"]
    page.close()


def test_its_button_grades(server: str) -> None:
    """The button "Autograde" grades through us: nothing of it needs a terminal or a current folder."""
    answer = ask(f"{server}/formgrader/api/submission/{NAME}/untouched/autograde", "POST")
    assert answer["success"], answer
    shown = ask(f"{server}/formgrader/api/submission/{NAME}/untouched")
    assert (shown["score"], shown["autograded"]) == (0, True), shown
