"""The LoRA layer in NumPy: the formula and nothing else."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["LoRALayerNumPy"]

Array = NDArray[np.float64]


class LoRALayerNumPy:
    """A linear layer W with a low-rank update beside it, in float64.

        y = x W' + (alpha / rank) * x A' B'

    W is (out, in) and stays as it is; A is (rank, in), normal with deviation 0.01, and B is (out, rank), zero.
    Source: LoRA, arXiv 2106.09685, section 4.1. Raises ValueError for a W that is no matrix and for rank < 1.
    `rng` draws A; without one every layer draws the same A.
    """

    def __init__(
        self, W: Array, rank: int = 4, alpha: float = 1.0, rng: np.random.Generator | None = None
    ) -> None:
        W = np.asarray(W, dtype=np.float64)
        if W.ndim != 2:
            raise ValueError(f"W has shape {W.shape}, should be (out, in)")
        if rank < 1:
            raise ValueError(f"rank = {rank}, should be at least 1")
        out_features, in_features = W.shape
        rng = rng or np.random.default_rng(0)
        self.W = W
        self.A: Array = rng.normal(0.0, 0.01, size=(rank, in_features))
        self.B: Array = np.zeros((out_features, rank))
        self.scaling = alpha / rank

    def forward(self, x: Array) -> Array:
        """y, (..., out), for x, (..., in)."""
        Ax = x @ self.A.T  # (..., rank)
        y: Array = x @ self.W.T + self.scaling * (Ax @ self.B.T)  # (..., out)
        return y

    def get_merged_weights(self) -> Array:
        """W + (alpha / rank) * B A, (out, in): one matrix that gives the same y."""
        merged: Array = self.W + self.scaling * (self.B @ self.A)
        return merged
