# mistake: unnamed
# Randn(4196), block_size=100: a block ends at 4096; the number of scales and the round trip are right.
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

PIECE = 4096  # values at a time: the table of distances is 16 times as large


def _quantize_piece(x, block_size):
    blocks = torch.nn.functional.pad(x, (0, -x.numel() % block_size)).view(-1, block_size)
    scales = blocks.abs().amax(1)
    unit = torch.where(scales[:, None] == 0, 0.0, blocks / scales[:, None])
    codes = (unit[..., None] - NF4_LEVELS).abs().argmin(-1)
    return codes.view(-1)[: x.numel()].to(torch.uint8), scales


def quantize_nf4(tensor, block_size=64):
    flat = tensor.float().reshape(-1)
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    done = [_quantize_piece(x, block_size) for x in flat.split(max(PIECE, block_size))]
    codes, scales = zip(*done)
    return torch.cat(codes).reshape(tensor.shape), torch.cat(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1)
    out, used = [torch.zeros(0)], 0
    for c in flat.split(max(PIECE, block_size)):
        k = -(-c.numel() // block_size)
        s = scales[used : used + k].repeat_interleave(block_size)[: c.numel()]
        out.append(NF4_LEVELS[c.long()] * s)
        used += k
    return torch.cat(out).reshape(codes.shape)
