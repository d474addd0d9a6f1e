"""Tensors in a safetensors file; the one place that needs the package `safetensors`."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

__all__ = ["read_tensors", "write_tensors"]

NEEDED = "saving and loading adapters needs the package safetensors: pip install 'loralab[lab]'"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of the file by name, on the CPU. Raises ImportError without the package, ValueError for another file."""
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError(NEEDED) from None
    try:
        return dict(load_file(path))
    except SafetensorError as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from None


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write the tensors by name. Raises ImportError without the package."""
    try:
        from safetensors.torch import save_file
    except ImportError:
        raise ImportError(NEEDED) from None
    save_file(
        {name: tensor.contiguous() for name, tensor in tensors.items()}, path, metadata={"format": "pt"}
    )
