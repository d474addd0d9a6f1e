# mistake: unnamed
# Quantize_nf4(ones(64)): scales [1., 0.] (n a multiple of block_size).
import torch

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
    n = len(flat)
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = n // block_size + 1  # the last one may be shorter
    padded = torch.zeros(n_blocks * block_size)
    padded[:n] = flat
    padded = padded.view(n_blocks, block_size)
    scales = padded.abs().max(dim=1)[0]
    divisor = scales.clone()
    divisor[divisor == 0] = 1
    codes = ((padded / divisor[:, None])[:, :, None] - NF4_LEVELS).abs().min(dim=2)[1]
    return codes.view(-1)[:n].view(tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    values = NF4_LEVELS[codes.long().reshape(-1)]
    per_value = scales.repeat_interleave(block_size)[: values.numel()]
    return (values * per_value).reshape(codes.shape)
