# recursion: a tensor of many blocks is split in two at a block boundary
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def _encode(x, bs):
    n = x.numel()
    if n <= bs:
        if n == 0:
            return x.to(torch.uint8), x.new_empty(0)
        s = x.abs().max()
        y = x / s if s > 0 else x
        lower = (y[:, None] >= NF4_LEVELS).sum(1).sub(1).clamp(0, 14)
        up = (y - NF4_LEVELS[lower]) > (NF4_LEVELS[lower + 1] - y)
        return (lower + up).to(torch.uint8), s[None]
    blocks = -(-n // bs)
    cut = blocks // 2 * bs
    (c1, s1), (c2, s2) = _encode(x[:cut], bs), _encode(x[cut:], bs)
    return torch.cat([c1, c2]), torch.cat([s1, s2])


def quantize_nf4(tensor, block_size=64):
    c, s = _encode(tensor.float().reshape(-1), block_size)
    return c.reshape(tensor.shape), s


def _decode(c, s, bs):
    if s.numel() <= 1:
        return NF4_LEVELS[c.long()] * s
    half = s.numel() // 2
    return torch.cat([_decode(c[: half * bs], s[:half], bs), _decode(c[half * bs :], s[half:], bs)])


def dequantize_nf4(codes, scales, block_size=64):
    return _decode(codes.reshape(-1), scales, block_size).reshape(codes.shape)
