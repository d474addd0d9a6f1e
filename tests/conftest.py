"""How `make test` spreads the tests over processes."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = "tests/graders/doors/nbgrader/"  # one course for all of them, which takes a minute to make
LONGEST = ("tests/test_walkthrough.py", "tests/graders/exercises/test_replays.py")


class OneCourse(LoadScopeScheduling):
    """Each test by itself, as a process is free, but for those that share a course."""

    def _split_scope(self, nodeid: str) -> str:
        return TOGETHER if nodeid.startswith(TOGETHER) else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: Any, log: Any) -> LoadScopeScheduling:
    return OneCourse(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes a minute, so that no process is left alone with it at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
