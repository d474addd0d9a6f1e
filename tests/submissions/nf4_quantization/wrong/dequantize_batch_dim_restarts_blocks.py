# mistake: unnamed
# With three or more dimensions the blocks of dequantize_nf4 restart for every entry of the first one.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).to(torch.float32)
    codes = torch.full(flat.shape, 7, dtype=torch.uint8)
    scales = []
    for start in range(0, flat.numel(), block_size):
        block = flat[start : start + block_size]
        scale = block.abs().max()
        scales.append(scale)
        if scale > 0:
            nearest = (block[:, None] / scale - NF4_LEVELS).abs().argmin(1)
            codes[start : start + block_size] = nearest.to(torch.uint8)
    return codes.reshape(tensor.shape), torch.stack(scales) if scales else torch.zeros(0)


def dequantize_nf4(codes, scales, block_size=64):
    number = torch.arange(codes.numel()) // block_size
    if codes.dim() >= 3 and codes.numel():
        each = codes[0].numel()
        blocks = -(-each // block_size)
        place = torch.arange(codes.numel())
        number = (place // each * blocks + place % each // block_size).clamp(max=len(scales) - 1)
    return (NF4_LEVELS[codes.reshape(-1).long()] * scales[number]).reshape(codes.shape)
