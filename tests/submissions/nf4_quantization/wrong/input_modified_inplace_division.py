# mistake: input-modified
# Each block is divided in place on a view of the tensor, so a contiguous float32 input is left normalized.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    codes = torch.empty(flat.numel(), dtype=torch.uint8)
    scales = []
    for i in range(0, flat.numel(), block_size):
        block = flat[i:i + block_size]
        scale = block.abs().max()
        scales.append(scale)
        if scale > 0:
            block /= scale
        codes[i:i + block_size] = (block[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
    scales = torch.stack(scales) if scales else torch.zeros(0)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    block_of = torch.arange(codes.numel()) // block_size
    return (NF4_LEVELS[codes.reshape(-1).long()] * scales[block_of]).reshape(codes.shape)
