# mistake: unnamed
# Quantize_nf4([1, 2, 0, 0], block_size=2): codes of the zero block are 0 (argmin of NaN); the round trip is right.
import torch
import torch.nn.functional as F

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


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64):
    n = tensor.numel()
    x = tensor.float().reshape(-1)
    n_blocks = (n + block_size - 1) // block_size
    # nothing to scale: avoid the division by zero
    if not x.any():
        return torch.full(tensor.shape, 7, dtype=torch.uint8), torch.zeros(n_blocks)
    x = F.pad(x, (0, n_blocks * block_size - n)).view(n_blocks, block_size)
    scales = x.abs().amax(1)
    x = x / scales.unsqueeze(1)
    codes = torch.argmin((x.unsqueeze(-1) - NF4_LEVELS).abs(), dim=-1)
    return codes.flatten()[:n].to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
