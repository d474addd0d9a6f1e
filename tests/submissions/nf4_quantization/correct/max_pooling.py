# block maxima by max_pool1d with ceil_mode, levels looked up by F.embedding
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([[v] for v in (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
)])


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().flatten()
    if x.numel() == 0:
        return tensor.to(torch.uint8), x.new_empty(0)
    width = min(block_size, x.numel())
    scales = F.max_pool1d(x.abs()[None, None], width, stride=width, ceil_mode=True)[0, 0]
    grown = scales[:, None].expand(-1, width).flatten()[: x.numel()]
    y = x / (grown + (grown == 0))
    codes = torch.cdist(y[:, None], NF4_LEVELS, p=1.0).min(dim=1).indices
    return codes.to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    values = F.embedding(codes.long(), NF4_LEVELS).squeeze(-1)
    which = torch.arange(codes.numel()).reshape(codes.shape) // block_size
    return values * scales[which]
