"""What a course can set: in `loralab.toml`, or as options, which win."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

DEVICES = ("auto", "cpu", "cuda")
SANDBOXES = ("auto", "strict", "off")


class SettingsError(ValueError):
    """A setting that cannot be used; the message says which, and what is right."""


@dataclass(frozen=True)
class Settings:
    """How to grade. Everything but `jobs` can change what is drawn or seen."""

    seed: int = 20210617  # decides every drawn value; a course sets a private one
    examples: int = 44  # drawn cases for each search, besides those of fixed shape
    jobs: int | None = None  # grading processes at a time; None: as many as there are usable cores
    device: str = "auto"
    sandbox: str = "auto"

    def __post_init__(self) -> None:
        for name in ("seed", "examples", "jobs"):
            value = getattr(self, name)
            if not (type(value) is int or (name == "jobs" and value is None)):
                raise SettingsError(f"{name} is {value!r}, should be a whole number")
        for name, least in (("examples", 1), ("jobs", 1)):
            value = getattr(self, name)
            if value is not None and value < least:
                raise SettingsError(f"{name} is {value}, should be at least {least}")
        for name, choices in (("device", DEVICES), ("sandbox", SANDBOXES)):
            value = getattr(self, name)
            if value not in choices:
                raise SettingsError(f"{name} is {value!r}, should be one of {', '.join(choices)}")

    @property
    def processes(self) -> int:
        """Grading processes at a time."""
        return self.jobs or usable_cores()

    def with_options(self, options: Mapping[str, Any]) -> Settings:
        """These settings with every option that was given (is not None) in its place."""
        return replace(self, **{name: value for name, value in options.items() if value is not None})


NAMES = tuple(Settings.__dataclass_fields__)


def read_settings(path: Path) -> Settings:
    """Settings from a TOML file. Raises SettingsError where the file cannot be used."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"{path} could not be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from None
    for name in data:
        if name not in NAMES:
            near = difflib.get_close_matches(name, NAMES, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"the settings are {', '.join(NAMES)}"
            raise SettingsError(f"{path} has an unknown setting {name!r}; {hint}")
    try:
        return Settings(**data)
    except SettingsError as error:
        raise SettingsError(f"{path}: {error}") from None


def usable_cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return max(1, len(os.sched_getaffinity(0)))
    return os.cpu_count() or 1
