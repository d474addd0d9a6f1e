"""One box for all tests of this folder."""

from collections.abc import Iterator

import pytest

from graders.judge.box import Box


@pytest.fixture(scope="session")
def box() -> Iterator[Box]:
    with Box("auto") as box:
        yield box
