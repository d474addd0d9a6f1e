# mistake: unnamed
# Randn(2, 40), block_size=64: ceil(80 / 64) = 2 = rows, so each row becomes a block; the pair is consistent.
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


def _row_is_block(shape, block_size):
    """Whether a matrix has one block for each row, the usual case, which needs no padding."""
    return len(shape) == 2 and shape.numel() > 0 and -(-shape.numel() // block_size) == shape[0]


def _nearest(unit):
    return torch.bucketize(unit, (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2).to(torch.uint8)


def quantize_nf4(tensor, block_size=64):
    x = tensor.float()
    if _row_is_block(tensor.shape, block_size):
        scales = x.abs().amax(1)
        return _nearest(x / scales.masked_fill(scales == 0, 1)[:, None]), scales
    n = x.numel()
    x = torch.cat([x.reshape(-1), x.new_zeros(-n % block_size)]).view(-1, block_size)
    scales = x.abs().amax(1)
    codes = _nearest(x / scales.masked_fill(scales == 0, 1)[:, None])
    return codes.view(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    levels = NF4_LEVELS[codes.long()]
    if _row_is_block(codes.shape, block_size):
        return levels * scales[:, None]
    s = scales.repeat_interleave(block_size)[: codes.numel()]
    return levels * s.view(codes.shape)
