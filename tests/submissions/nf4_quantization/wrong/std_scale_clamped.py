# mistake: std-scale
# The scale of a block is its standard deviation instead of its largest absolute value, so scales and most codes are wrong.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().flatten()
    n = flat.numel()
    codes = torch.empty(n, dtype=torch.uint8)
    scales = torch.empty((n + block_size - 1) // block_size)
    for b in range(scales.numel()):
        block = flat[b * block_size:(b + 1) * block_size]
        scale = block.std(unbiased=False)
        scales[b] = scale
        if scale == 0:
            codes[b * block_size:(b + 1) * block_size] = 7
            continue
        z = (block / scale).clamp(-1, 1)
        codes[b * block_size:(b + 1) * block_size] = (z[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    out = NF4_LEVELS[codes.reshape(-1).long()].clone()
    for b in range(scales.numel()):
        out[b * block_size:(b + 1) * block_size] *= scales[b]
    return out.reshape(codes.shape)
