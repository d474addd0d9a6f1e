# searchsorted on the 15 midpoints
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]
_levels = torch.tensor(NF4_LEVELS, dtype=torch.float32)
_mids = (_levels[1:] + _levels[:-1]) / 2


def _scale_per_element(scales, n, block_size):
    index = torch.arange(n, device=scales.device) // block_size
    return scales[index]


@torch.no_grad()
def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().to(torch.float32).contiguous().flatten()
    n_blocks = -(-x.numel() // block_size)
    scales = torch.zeros(n_blocks, dtype=torch.float32)
    for i in range(n_blocks):
        scales[i] = x[i * block_size : (i + 1) * block_size].abs().max()
    s = _scale_per_element(scales, x.numel(), block_size)
    ratio = torch.where(s > 0, x / s.clamp(min=torch.finfo(torch.float32).tiny), 0.0)
    return torch.searchsorted(_mids, ratio).to(torch.uint8).view(tensor.shape), scales


@torch.no_grad()
def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    return _levels[codes.reshape(-1).long()].mul(_scale_per_element(scales, n, block_size)).view(codes.shape)
