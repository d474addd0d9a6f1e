"""Low-rank approximation: Eckart and Young, numerically."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lora_reference import entropy_rank, low_rank_approximation, reconstruction_errors, stable_rank


@settings(max_examples=40, deadline=None, database=None)
@given(st.integers(1, 8), st.integers(1, 8), st.integers(0, 9), st.integers(0, 2**16))
def test_no_product_of_factors_comes_nearer(m: int, n: int, rank: int, seed: int) -> None:
    """Neither random factors of that rank nor the best fit to one fixed factor beats the approximation."""
    generator = torch.Generator().manual_seed(seed)
    matrix, A = (torch.randn(size, generator=generator, dtype=torch.float64) for size in ((m, n), (rank, n)))
    best = low_rank_approximation(matrix, rank)
    error = (matrix - best).norm()
    B = matrix @ torch.linalg.pinv(A)  # the best B for this A

    assert torch.linalg.matrix_rank(best) <= rank
    assert error <= (matrix - B @ A).norm() + 1e-12
    assert error / matrix.norm() == pytest.approx(reconstruction_errors(matrix, [rank])[rank], abs=1e-7)


def test_numpy_agrees() -> None:
    """The same matrix from NumPy's SVD, in float32 too."""
    matrix = torch.randn(9, 6)
    U, s, Vt = np.linalg.svd(matrix.numpy().astype(np.float64), full_matrices=False)
    np.testing.assert_allclose(low_rank_approximation(matrix, 2), (U[:, :2] * s[:2]) @ Vt[:2], atol=1e-5)


def test_ranks_of_matrices_that_one_knows() -> None:
    """r equal directions have rank r in every sense; noise hardly moves the stable rank; zeros have none."""
    Q = torch.linalg.qr(torch.randn(64, 5, dtype=torch.float64))[0]
    matrix = Q @ Q.T
    assert stable_rank(matrix) == pytest.approx(5)
    assert entropy_rank(matrix) == pytest.approx(5)
    assert stable_rank(matrix + 1e-3 * torch.randn(64, 64)) == pytest.approx(5, rel=0.02)
    assert reconstruction_errors(matrix, [0, 3, 5, 100]) == pytest.approx(
        {0: 1, 3: (2 / 5) ** 0.5, 5: 0, 100: 0}, abs=1e-7
    )
    zeros = torch.zeros(3, 2)
    assert (stable_rank(zeros), entropy_rank(zeros), reconstruction_errors(zeros, [1])) == (0, 0, {1: 0})


@pytest.mark.parametrize("function", [stable_rank, entropy_rank, lambda m: low_rank_approximation(m, 1)])
def test_what_is_no_matrix_is_refused(function: object) -> None:
    """A vector, integers and a negative rank raise."""
    for bad in (torch.ones(3), torch.ones(2, 2, dtype=torch.int64)):
        with pytest.raises(ValueError, match="matrix is"):
            function(bad)  # type: ignore[operator]
    with pytest.raises(ValueError, match="rank = -1"):
        low_rank_approximation(torch.ones(2, 2), -1)
