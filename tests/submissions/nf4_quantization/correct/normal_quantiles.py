# levels recomputed from the normal distribution, then checked against the table and snapped to it
from statistics import NormalDist

import torch

_TABLE = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def create_normal_map(offset=0.9677083):
    ppf = NormalDist().inv_cdf
    positive = [ppf(offset + (0.5 - offset) * i / 8) for i in range(8)]
    negative = [-ppf(offset + (0.5 - offset) * i / 7) for i in range(7)]
    values = sorted(positive + [0.0] + negative)
    top = max(values)
    return [v / top for v in values]


NF4_LEVELS = torch.tensor([min(_TABLE, key=lambda t: abs(t - v)) for v in create_normal_map()])
assert NF4_LEVELS.tolist() == torch.tensor(_TABLE).tolist()


def quantize_nf4(tensor, block_size=64):
    flat = tensor.flatten().float()
    n = flat.numel()
    if n % block_size:
        whole = torch.zeros(n + block_size - n % block_size)
        whole[:n] = flat
    else:
        whole = flat
    blocks = whole.reshape(n // block_size + bool(n % block_size), block_size)
    scales = blocks.abs().max(1)[0]
    eps = (scales == 0).float()
    x = blocks / (scales + eps)[:, None]
    codes = sum(((x > m).to(torch.uint8) for m in ((NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2)),
                start=torch.zeros(x.shape, dtype=torch.uint8))
    return codes.flatten()[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    x = NF4_LEVELS.gather(0, codes.flatten().long())
    s = torch.stack([scales] * block_size, dim=1).flatten()[: x.numel()]
    return torch.einsum("i,i->i", x, s).reshape(codes.shape)
