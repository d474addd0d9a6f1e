# style: scales by max_pool1d with ceil_mode, the code bit by bit from the highest (a binary search tree of 4 steps), levels back through one-hot times table
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
], dtype=torch.float64)
MIDDLES = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor: torch.Tensor, /, block_size: int = 64):
    pass


def quantize_nf4(tensor: torch.Tensor, block_size: int = 64) -> tuple[torch.Tensor, torch.Tensor]:
    """The second definition counts; the first was a draft."""
    x = tensor.detach().reshape(1, 1, -1).double()
    if x.numel() == 0:
        return torch.empty_like(tensor, dtype=torch.uint8), torch.tensor([])
    k = min(int(block_size), x.shape[-1])
    scales = F.max_pool1d(x.abs(), kernel_size=k, stride=k, ceil_mode=True).flatten().float()
    s = scales.double()[:, None].expand(-1, k).reshape(1, 1, -1)[..., : x.shape[-1]]
    ratio = torch.where(s == 0, torch.zeros_like(x), x / s.clamp_min(torch.finfo(torch.float64).tiny))
    code = torch.zeros_like(x, dtype=torch.int64)
    for bit in (8, 4, 2, 1):
        higher = code | bit
        code = torch.where(ratio >= MIDDLES[higher - 1], higher, code)
    return code.to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: torch.Tensor, scales: torch.Tensor, block_size: int = 64) -> torch.Tensor:
    if codes.numel() == 0:
        return torch.zeros(codes.shape)
    one_hot = F.one_hot(codes.reshape(-1).to(torch.int64), num_classes=16)
    values = one_hot.to(NF4_LEVELS.dtype).mv(NF4_LEVELS)
    sizes = torch.full_like(scales, min(block_size, len(values)), dtype=torch.int64)
    sizes[-1] = len(values) - sizes[:-1].sum()
    return values.mul(torch.repeat_interleave(scales.double(), sizes)).float().reshape(codes.shape)
