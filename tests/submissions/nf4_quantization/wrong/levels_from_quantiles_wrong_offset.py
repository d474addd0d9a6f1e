# mistake: unnamed
# Dequantize_nf4([1], [1.]) -> -0.6931 instead of -0.6962; round trip consistent.
from statistics import NormalDist

import torch

# NF4: the quantiles of the normal distribution, 8 on the positive side, 7 on the negative one, and an exact 0
_Q = NormalDist().inv_cdf
_OFFSET = 1 - 1 / 32


def _levels():
    step_p, step_n = (_OFFSET - 0.5) / 8, (_OFFSET - 0.5) / 7
    positive = [_Q(0.5 + i * step_p) for i in range(1, 9)]
    negative = [-_Q(0.5 + i * step_n) for i in range(7, 0, -1)]
    levels = torch.tensor(negative + [0.0] + positive)
    return levels / levels.max()


NF4_LEVELS = _levels()


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    n_blocks = -(-n // block_size)
    padded = torch.zeros(n_blocks * block_size)
    padded[:n] = flat
    blocks = padded.reshape(n_blocks, block_size)
    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales == 0, torch.ones_like(scales), scales)
    mids = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
    codes = torch.bucketize(blocks / safe[:, None], mids)
    return codes.reshape(-1)[:n].reshape(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
