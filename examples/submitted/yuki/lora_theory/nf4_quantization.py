import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def nearest_level(value):
    return (NF4_LEVELS - value).abs().argmin(dim=-1)


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().to(torch.float32).flatten()
    codes = torch.full((flat.numel(),), 7, dtype=torch.uint8)
    scales = torch.zeros(-(-flat.numel() // block_size))
    for number, start in enumerate(range(0, flat.numel(), block_size)):
        block = flat[start:start + block_size]
        scales[number] = block.abs().max()
        if scales[number] > 0:
            codes[start:start + block_size] = nearest_level(block.unsqueeze(-1) / scales[number]).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    levels = NF4_LEVELS[codes.flatten().long()]
    repeated = torch.repeat_interleave(scales, block_size)[:levels.numel()]
    return (levels * repeated).reshape(codes.shape)
