"""A progress bar; the one place that needs the package `rich`."""

from collections.abc import Iterable

from rich.progress import track

__all__ = ["tracked"]


def tracked(n_epochs: int) -> Iterable[int]:
    """0 to n_epochs - 1, with a bar on the terminal."""
    return track(range(n_epochs), description="training")
