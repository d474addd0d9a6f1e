# a Python loop over the blocks, list.append and torch.cat
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_block(block):
    scale = block.abs().max()
    if scale == 0:
        codes = torch.full(block.shape, 7)
    else:
        distance = torch.abs(block.unsqueeze(1) / scale - NF4_LEVELS.unsqueeze(0))
        codes = torch.argmin(distance, dim=1)
    return codes.to(torch.uint8), scale


def quantize_nf4(tensor, block_size=64):
    flat = tensor.to(torch.float32).flatten()
    all_codes = []
    all_scales = []
    start = 0
    while start < flat.numel():
        codes, scale = quantize_block(flat[start:start + block_size])
        all_codes.append(codes)
        all_scales.append(scale.item())
        start = start + block_size
    if len(all_codes) == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    return torch.cat(all_codes).view(tensor.shape), torch.tensor(all_scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.flatten()
    result = torch.zeros(flat.shape)
    for i in range(len(scales)):
        start = i * block_size
        end = min(start + block_size, len(flat))
        result[start:end] = NF4_LEVELS[flat[start:end].long()] * scales[i]
    return result.view(codes.shape)
