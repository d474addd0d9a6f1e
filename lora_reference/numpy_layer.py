"""LoRA in plain NumPy: the formula with nothing around it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LoRALayerNumPy"]

Array = NDArray[np.float64]


class LoRALayerNumPy:
    """A frozen weight W (out, in) with a low-rank update.

        h = W x + (alpha / rank) B A x

    `A` (rank, in) starts normal with standard deviation 0.01, `B` (out, rank) at zero; float64.
    Raises ValueError for a weight that is not two-dimensional or a rank below 1.
    Source: Hu et al. 2021, arXiv 2106.09685, section 4.1.
    """

    def __init__(self, W: Array, rank: int = 4, alpha: float = 1.0, seed: int | None = None) -> None:
        self.W = np.asarray(W, dtype=np.float64)  # (out, in)
        if self.W.ndim != 2:
            raise ValueError(f"W has {self.W.ndim} dimensions, should have 2")
        if rank < 1:
            raise ValueError(f"rank is {rank}, should be at least 1")
        d_out, d_in = self.W.shape
        self.rank, self.alpha, self.scaling = rank, alpha, alpha / rank
        self.A = np.random.default_rng(seed).normal(0.0, 0.01, (rank, d_in))  # (r, in)
        self.B = np.zeros((d_out, rank))  # (out, r)

    def forward(self, x: Array) -> Array:
        """Output (..., out) for x (..., in)."""
        h: Array = x @ self.W.T + self.scaling * (x @ self.A.T @ self.B.T)  # (..., out)
        return h

    def get_merged_weights(self) -> Array:
        """W + (alpha / rank) B A, of shape (out, in), as a new array."""
        merged: Array = self.W + self.scaling * (self.B @ self.A)  # (out, in)
        return merged
