# mistake: unnamed
# as_strided reads the memory behind the tensor in storage order, so a transposed or sliced input is read in the wrong order.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    # flatten without a copy
    flat = torch.as_strided(tensor.detach(), (tensor.numel(),), (1,)).float()
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    scales = torch.stack([b.abs().max() for b in flat.split(block_size)])
    div = torch.where(scales == 0, torch.ones_like(scales), scales)
    codes = [(b[:, None] / d - NF4_LEVELS).abs().argmin(1) for b, d in zip(flat.split(block_size), div)]
    return torch.cat(codes).to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    return NF4_LEVELS[codes.long()] * scales[torch.arange(n) // block_size].view(codes.shape)
