# embedding and split
import torch
import torch.nn.functional as F

_t = torch.tensor
NF4_TABLE = _t([[-1.0], [-0.6961928009986877], [-0.5250730514526367], [-0.39491748809814453], [-0.28444138169288635], [-0.18477343022823334],
                [-0.09105003625154495], [0.0], [0.07958029955625534], [0.16093020141124725], [0.24611230194568634], [0.33791524171829224],
                [0.44070982933044434], [0.5626170039176941], [0.7229568362236023], [1.0]])


def _one(block):
    peak = block.abs().max()
    if not peak:
        return torch.full_like(block, 7).to(torch.uint8), peak
    return torch.cdist(block[:, None] / peak, NF4_TABLE, p=1.0).argmin(1).to(torch.uint8), peak


def quantize_nf4(tensor, block_size=64):
    pairs = [_one(b) for b in tensor.flatten().float().split(block_size) if b.numel()]
    codes = torch.cat([_t([], dtype=torch.uint8), *(c for c, _ in pairs)])
    scales = torch.cat([_t([]), *(p.reshape(1) for _, p in pairs)])
    return codes.unflatten(0, tensor.shape) if tensor.dim() > 0 and tensor.numel() > 0 else codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    looked_up = F.embedding(codes.flatten().int(), NF4_TABLE).squeeze(-1)
    blocks = looked_up.split(block_size)
    return torch.cat([b * s for b, s in zip(blocks, scales)] or [looked_up]).reshape(codes.shape)
