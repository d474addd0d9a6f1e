"""A real browser for the tests of the pages; where there is none they skip and say how to get one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """The system's Chromium; none is ever downloaded."""
    if CHROMIUM is None:
        pytest.skip("no Chromium; on Debian and Ubuntu: apt-get install chromium")
    api = pytest.importorskip("playwright.sync_api", reason="no playwright; pip install playwright")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()
