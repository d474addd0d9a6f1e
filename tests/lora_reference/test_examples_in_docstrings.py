"""The examples in the library's docstrings give what they say."""

from __future__ import annotations

import doctest
import importlib

import pytest

WITH_EXAMPLES = ("layers", "memory", "nf4", "storage", "svd")


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name: str) -> None:
    """Each is run."""
    result = doctest.testmod(importlib.import_module(f"lora_reference.{name}"))
    assert result.attempted > 0
    assert result.failed == 0
