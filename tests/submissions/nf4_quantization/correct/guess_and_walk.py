# guess and walk
import torch
from torch import Tensor

NF4 = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334,
                    -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def _guess(u: Tensor) -> Tensor:
    # 先猜一个编号, 再和左右邻居比较 (a rough guess first, then walk to the better neighbour)
    return ((u + 1) * 7.5).round().clamp(0, 15).long()


def quantize_nf4(tensor: Tensor, block_size: int = 64) -> tuple[Tensor, Tensor]:
    flat = tensor.float().contiguous().view(-1)
    starts = range(0, flat.numel(), block_size)
    scales = flat.new_tensor([flat[i:i + block_size].abs().max() for i in starts]) if len(starts) else flat.new_zeros(0)
    s = scales.repeat_interleave(block_size)[: flat.numel()]
    u = torch.where(s > 0, flat / s.clamp_min(torch.finfo(torch.float32).tiny), torch.zeros_like(flat))
    c = _guess(u)
    for _ in range(16):
        for step in (-1, 1):
            other = (c + step).clamp(0, 15)
            c = torch.where((NF4[other] - u).abs() < (NF4[c] - u).abs(), other, c)
    return c.to(torch.uint8).view(tensor.shape), scales


def dequantize_nf4(codes: Tensor, scales: Tensor, block_size: int = 64) -> Tensor:
    level = NF4[codes.contiguous().view(-1).to(torch.int32)]
    full, rest = divmod(level.numel(), block_size)
    sizes = [block_size] * full + [rest] * (rest > 0)
    return torch.repeat_interleave(scales, torch.tensor(sizes, dtype=torch.int64)).mul(level).view(codes.shape)
