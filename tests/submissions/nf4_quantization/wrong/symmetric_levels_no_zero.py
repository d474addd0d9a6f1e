# mistake: symmetric-levels
# The negative levels are the positive ones mirrored, without a zero, so negative and small values get wrong codes and levels.
import torch

POS = torch.tensor([
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
NF4_LEVELS = torch.cat([-POS.flip(0), POS])


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().flatten()
    codes = torch.full((x.numel(),), 7, dtype=torch.uint8)
    scales = []
    for i in range(0, x.numel(), block_size):
        block = x[i:i + block_size]
        s = block.abs().max()
        scales.append(s)
        if s > 0:
            dist = torch.abs((block / s)[:, None] - NF4_LEVELS[None, :])
            codes[i:i + block_size] = torch.argmin(dist, dim=1).to(torch.uint8)
    scales = torch.stack(scales) if scales else torch.empty(0)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.flatten().long()]
    out = torch.empty_like(flat)
    for b, s in enumerate(scales):
        sl = slice(b * block_size, (b + 1) * block_size)
        out[sl] = flat[sl] * s
    return out.reshape(codes.shape)
