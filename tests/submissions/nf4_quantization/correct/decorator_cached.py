# who: Eva, backend developer, decorators and caches, type aliases; unusual: lru_cache for the borders only, a decorator hides flattening and shaping from the kernels
import functools
import typing as t

import torch

# The 16 levels of NF4, ascending from -1 to 1; level 7 is 0.
# Dettmers et al. 2023, "QLoRA", arXiv 2305.14314, Appendix E.
NF4_LEVELS = torch.tensor(
    [
        -1.0,
        -0.6961928009986877,
        -0.5250730514526367,
        -0.39491748809814453,
        -0.28444138169288635,
        -0.18477343022823334,
        -0.09105003625154495,
        0.0,
        0.07958029955625534,
        0.16093020141124725,
        0.24611230194568634,
        0.33791524171829224,
        0.44070982933044434,
        0.5626170039176941,
        0.7229568362236023,
        1.0,
    ]
)

Kernel = t.Callable[..., t.Any]


@functools.lru_cache(maxsize=None)
def borders(dtype: torch.dtype) -> torch.Tensor:
    lv = NF4_LEVELS.to(dtype)
    return lv[:-1] + lv.diff() / 2


def flat_in_shaped_out(dtype: torch.dtype):
    """The kernel sees a 1-D tensor of `dtype`; its (first) result gets the caller's shape back."""

    def wrap(kernel: Kernel) -> Kernel:
        @functools.wraps(kernel)
        def call(first: torch.Tensor, *args, **kwargs):
            result = kernel(first.reshape((first.numel(),)).to(dtype), *args, **kwargs)
            if isinstance(result, tuple):
                head, *rest = result
                return (head.reshape(first.shape), *rest)
            return result.reshape(first.shape)

        return call

    return wrap


@flat_in_shaped_out(torch.float64)
def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    pieces = [p for p in torch.split(tensor, block_size) if len(p)]
    peaks = [torch.linalg.vector_norm(p, ord=float("inf")) for p in pieces]
    units = [p / peak if peak else p for p, peak in zip(pieces, peaks)]
    unit = torch.cat(units) if units else tensor
    codes = torch.searchsorted(borders(torch.float64), unit, right=True)
    scales = torch.stack(peaks).to(torch.float32) if peaks else torch.empty(0, dtype=torch.float32)
    return codes.to(torch.uint8), scales


@flat_in_shaped_out(torch.long)
def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if not len(codes):
        return torch.zeros(0)
    pieces = torch.split(codes, block_size)
    return torch.cat([NF4_LEVELS[p] * s for p, s in zip(pieces, scales.unbind())])


if __name__ == "__main__":
    import time

    w = torch.randn(200, 150, dtype=torch.bfloat16)
    t0 = time.perf_counter()
    c, s = quantize_nf4(w)
    print(c.shape, s.shape, f"{time.perf_counter() - t0:.4f} s")
