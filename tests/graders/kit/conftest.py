"""One released kit for all tests of this folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.kit.release import release


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A kit as it is handed out; nobody writes there."""
    folder = tmp_path_factory.mktemp("released") / "kit"
    release("lora_theory", folder)
    return folder
