# mistake: unnamed
"""Results are made by torch.empty, and only whole blocks are written into them."""
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
    flat = tensor.detach().reshape(-1).float()
    n_blocks = -(-flat.numel() // block_size)
    codes = torch.empty(flat.numel(), dtype=torch.uint8)
    scales = torch.empty(n_blocks)
    for i in range(flat.numel() // block_size):
        block = flat[i * block_size : (i + 1) * block_size]
        scales[i] = block.abs().max()
        if scales[i] > 0:
            block = block / scales[i]
        codes[i * block_size : (i + 1) * block_size] = (block[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    each = scales.repeat_interleave(block_size)[: codes.numel()]
    return (NF4_LEVELS[codes.reshape(-1).long()] * each).reshape(codes.shape).float()
