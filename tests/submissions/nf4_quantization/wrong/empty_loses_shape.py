# mistake: unnamed
# Quantize_nf4(empty(0, 5)): codes of shape (0,).
import torch
from torch import Tensor

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


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    if tensor.numel() == 0:
        return torch.tensor([], dtype=torch.uint8), torch.tensor([], dtype=torch.float32)
    pieces = tensor.float().reshape(-1).split(block_size)
    scales = torch.stack([p.abs().max() for p in pieces])
    codes = torch.cat([
        (p[None] / (s if s > 0 else 1.0) - NF4_LEVELS[:, None]).abs().argmin(0) for p, s in zip(pieces, scales)
    ])
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    if codes.numel() == 0:
        return torch.tensor([], dtype=torch.float32)
    pieces = codes.reshape(-1).split(block_size)
    return torch.cat([NF4_LEVELS[p.long()] * s for p, s in zip(pieces, scales)]).reshape(codes.shape)
