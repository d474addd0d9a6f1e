# mistake: unnamed
# Dequantizing empty codes raises, because torch.cat gets an empty list.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).float()
    if flat.numel() == 0:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0)
    scales = torch.stack([b.abs().max() for b in flat.split(block_size)])
    per_value = scales[torch.arange(flat.numel()) // block_size]
    unit = flat / per_value.masked_fill(per_value == 0, 1.0)
    return torch.bucketize(unit, MIDS).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = NF4_LEVELS[codes.reshape(-1).long()]
    parts = []
    for i, scale in enumerate(scales):
        parts.append(flat[i * block_size:(i + 1) * block_size] * scale)
    return torch.cat(parts).reshape(codes.shape)
