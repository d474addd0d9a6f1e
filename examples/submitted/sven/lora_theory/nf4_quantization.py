import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    x = tensor.reshape(-1).float()
    which = torch.arange(x.numel()) // block_size  # block of each value
    n_blocks = (x.numel() + block_size - 1) // block_size
    scales = torch.zeros(n_blocks).scatter_reduce(0, which, x.abs(), "amax")
    per_value = scales[which]
    ratio = torch.where(per_value > 0, x / per_value.clamp(min=1e-45), torch.zeros_like(x))
    codes = (ratio[:, None] - NF4_LEVELS).abs().argmin(dim=1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    which = torch.arange(codes.numel()) // block_size
    return (NF4_LEVELS[codes.reshape(-1).long()] * scales[which]).reshape(codes.shape)
