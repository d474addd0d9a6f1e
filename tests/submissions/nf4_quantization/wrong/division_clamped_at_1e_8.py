# mistake: unnamed
# The division is by max(scale, 1e-8), so blocks whose largest value is far below 1e-8 get codes near 7 although their scale is right.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    if flat.numel() == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    codes, scales = [], []
    for block in torch.split(flat, block_size):
        absmax = block.abs().max()
        normalized = block / absmax.clamp(min=1e-8)  # avoids division by zero
        codes.append(torch.argmin((normalized[:, None] - NF4_LEVELS[None, :]).abs(), dim=1))
        scales.append(absmax)
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    expanded = torch.repeat_interleave(scales, min(block_size, max(n, 1)))[:n]
    return NF4_LEVELS[codes.long()] * expanded.reshape(codes.shape)
