# unusual: no padding, block index of each value with scatter_reduce amax, counts midpoints below with a sum in uint8
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def _owner(n, block_size, device):
    return torch.arange(n, device=device) // block_size


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().reshape(-1)
    owner = _owner(x.numel(), block_size, x.device)
    scales = torch.zeros(-(-x.numel() // block_size), device=x.device, dtype=torch.float32)
    scales = scales.scatter_reduce(0, owner, x.abs(), reduce="amax", include_self=True)
    each = scales.gather(0, owner)
    y = torch.nan_to_num(x / each)  # 0 / 0 is nan, and so 0
    middles = NF4_LEVELS.to(x.device).unfold(0, 2, 1).mean(1)
    codes = (y.unsqueeze(1) > middles).sum(1, dtype=torch.uint8)
    return codes.reshape_as(tensor), scales


def dequantize_nf4(codes, scales, block_size=64):
    out = NF4_LEVELS.to(codes.device).index_select(0, codes.reshape(-1).int())
    out *= scales.index_select(0, _owner(codes.numel(), block_size, codes.device))
    return out.reshape_as(codes)
