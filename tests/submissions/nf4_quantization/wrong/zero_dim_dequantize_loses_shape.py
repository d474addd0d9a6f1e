# mistake: unnamed
# Dequantizing a 0-d code gives a tensor of shape (1,), since the empty shape is taken for no shape.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().reshape(-1).float()
    ids = torch.arange(flat.numel()).floor_divide(block_size)
    scales = torch.zeros(-(-flat.numel() // block_size)).scatter_reduce(0, ids, flat.abs(), "amax")
    s = scales[ids]
    unit = flat / torch.where(s == 0, torch.ones_like(s), s)
    codes = (unit.view(-1, 1) - NF4_LEVELS.view(1, -1)).abs().min(dim=1)[1]
    return codes.byte().reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    shape = list(codes.shape) or [-1]
    flat = codes.reshape(-1).long()
    ids = torch.arange(flat.numel()).floor_divide(block_size)
    return (NF4_LEVELS[flat] * scales[ids]).reshape(shape)
