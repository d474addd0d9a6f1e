# mistake: unnamed
# Randn(3), block_size=2: the first block is the short one; number of scales and round trip are right.
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


def _to_blocks(flat, block_size):
    return F.pad(flat, (-flat.numel() % block_size, 0)).reshape(-1, block_size)


def _from_blocks(blocks, shape):
    flat = blocks.reshape(-1)
    return flat[flat.numel() - shape.numel() :].reshape(shape)


def quantize_nf4(tensor, block_size=64):
    blocks = _to_blocks(tensor.float().reshape(-1), block_size)
    scales = blocks.abs().amax(1)
    unit = blocks / torch.where(scales > 0, scales, torch.ones_like(scales))[:, None]
    codes = torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)
    return _from_blocks(codes, tensor.shape).to(torch.uint8), scales


def dequantize_nf4(codes, scales, block_size=64):
    blocks = _to_blocks(codes.reshape(-1).long(), block_size)
    return _from_blocks(NF4_LEVELS[blocks] * scales[:, None], codes.shape)
