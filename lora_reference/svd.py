"""The singular values of an update: how much of it a few directions hold."""

from collections.abc import Iterable

import torch
from torch import Tensor

__all__ = ["entropy_rank", "low_rank_approximation", "reconstruction_errors", "stable_rank"]


def low_rank_approximation(matrix: Tensor, rank: int) -> Tensor:
    """The matrix of rank at most r that is nearest to M, in the Frobenius and in the spectral norm.

        M = U diag(s) V'                 M_r = U[:, :r] diag(s[:r]) V[:, :r]'

    M is (m, n), floating; so is M_r. No update B A of rank r comes nearer.
    Source: Eckart and Young 1936, "The approximation of one matrix by another of lower rank", Psychometrika 1.
    Raises ValueError for what is no matrix and for a negative rank.

    >>> low_rank_approximation(torch.diag(torch.tensor([3.0, 2.0, 1.0])), 2).diagonal().tolist()
    [3.0, 2.0, 0.0]
    """
    check_matrix(matrix)
    if rank < 0:
        raise ValueError(f"rank = {rank}, should not be negative")
    U, s, Vt = torch.linalg.svd(matrix, full_matrices=False)  # (m, k), (k,), (k, n) with k = min(m, n)
    best: Tensor = (U[:, :rank] * s[:rank]) @ Vt[:rank]  # (m, n)
    return best


def reconstruction_errors(matrix: Tensor, ranks: Iterable[int]) -> dict[int, float]:
    """What the best approximation of each rank lacks, as a share of the whole: {r: ||M - M_r|| / ||M||}.

        ||M - M_r||_F^2 = sum of s_i^2 for i > r            from the singular values alone

    Shares are from 0 to 1; those of a matrix of zeros are 0. Raises ValueError as `low_rank_approximation` does.
    """
    return errors_of(singular_values(matrix), ranks)


def stable_rank(matrix: Tensor) -> float:
    """||M||_F^2 / ||M||_2^2 = sum of s_i^2 / s_1^2: between 1 and the rank, little moved by small noise.

    Source: Rudelson and Vershynin 2007, "Sampling from large matrices", section 1. 0 for a matrix of zeros.

    >>> stable_rank(torch.eye(5)), stable_rank(torch.ones(5, 5))
    (5.0, 1.0)
    """
    return stable_rank_of(singular_values(matrix))


def entropy_rank(matrix: Tensor) -> float:
    """exp(-sum of p_i log p_i) with p_i = s_i / sum of s: as many directions as equal ones would be.

    Source: Roy and Vetterli 2007, "The effective rank", EUSIPCO, section 2. 0 for a matrix of zeros.
    """
    return entropy_rank_of(singular_values(matrix))


def singular_values(matrix: Tensor) -> Tensor:
    """s, (k,), float64, descending. Raises ValueError for what is no matrix."""
    check_matrix(matrix)
    s: Tensor = torch.linalg.svdvals(matrix.double())
    return s


def errors_of(s: Tensor, ranks: Iterable[int]) -> dict[int, float]:
    """`reconstruction_errors` of a matrix with these singular values."""
    squares = s.square()  # (k,)
    total = float(squares.sum())
    errors = {}
    for rank in ranks:
        if rank < 0:
            raise ValueError(f"rank = {rank}, should not be negative")
        errors[rank] = (float(squares[rank:].sum()) / total) ** 0.5 if total else 0.0
    return errors


def stable_rank_of(s: Tensor) -> float:
    """`stable_rank` of a matrix with these singular values."""
    squares = s.square()  # (k,)
    return float(squares.sum() / squares[0]) if s.numel() and squares[0] > 0 else 0.0


def entropy_rank_of(s: Tensor) -> float:
    """`entropy_rank` of a matrix with these singular values."""
    if not s.numel() or s[0] == 0:
        return 0.0
    return float(torch.special.entr(s / s.sum()).sum().exp())


def check_matrix(matrix: Tensor) -> None:
    if matrix.dim() != 2 or not matrix.is_floating_point():
        raise ValueError(
            f"matrix is {matrix.dtype} of shape {tuple(matrix.shape)}, should be floating and (m, n)"
        )
