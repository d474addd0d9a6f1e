# mistake: unnamed
# T = tensor([2., 4.]); quantize_nf4(t, block_size=2): t is [.5, 1.] (float32, contiguous, a multiple of block_size).
import torch
from torch import nn

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


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    rest = flat.numel() % block_size
    if rest:
        flat = nn.functional.pad(flat, (0, block_size - rest))
    blocks = flat.view(-1, block_size)
    scales = blocks.abs().amax(dim=1)
    nonzero = scales > 0
    blocks[nonzero] /= scales[nonzero].unsqueeze(1)
    codes = torch.argmin((blocks.unsqueeze(-1) - NF4_LEVELS).abs(), dim=-1).to(torch.uint8)
    return codes.view(-1)[: tensor.numel()].view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
