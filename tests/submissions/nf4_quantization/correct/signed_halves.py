# style: negative and positive values apart: seven steps below, eight above, tables by magnitude, code 7 kept as pivot
import torch

POS = torch.tensor([0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
                    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])
NEG = torch.tensor([0.0, 0.09105003625154495, 0.18477343022823334, 0.28444138169288635, 0.39491748809814453,
                    0.5250730514526367, 0.6961928009986877, 1.0])


def _steps(magnitude, table):
    return torch.bucketize(magnitude, (table[:-1] + table[1:]) / 2).to(torch.int16)


def quantize_nf4(tensor, block_size=64):
    x = tensor.float().reshape(-1)
    n = x.numel()
    blocks = [x[i * block_size:(i + 1) * block_size] for i in range((n + block_size - 1) // block_size)]
    scales = torch.tensor([0.0 if not b.any() else float(b.norm(p=torch.inf)) for b in blocks])
    each = torch.cat([torch.full_like(b, float(s)) for b, s in zip(blocks, scales)]) if blocks else x
    y = x / each.where(each > 0, torch.ones(()))
    up, down = _steps(y.clamp(min=0), POS), _steps(y.neg().clamp(min=0), NEG)
    return (7 + up - down).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    k = codes.to(torch.int64) - 7
    level = torch.where(k >= 0, POS[k.clamp(min=0)], -NEG[k.neg().clamp(min=0)])
    return level.reshape(-1).mul(scales.repeat_interleave(block_size)[: k.numel()]).reshape(codes.shape)
