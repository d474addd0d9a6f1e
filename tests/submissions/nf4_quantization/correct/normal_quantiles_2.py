# style: levels computed as bitsandbytes does (normal quantiles of a float32 linspace, offset 0.9677083): within one float32 unit of the table
from statistics import NormalDist

import torch


def create_normal_map(offset=0.9677083):
    ppf = NormalDist().inv_cdf
    v1 = [ppf(p) for p in torch.linspace(offset, 0.5, 9)[:-1].tolist()]
    v3 = [-ppf(p) for p in torch.linspace(offset, 0.5, 8)[:-1].tolist()]
    values = torch.tensor(v1 + [0.0] + v3, dtype=torch.float64).sort().values
    return (values / values.max()).float()


CODE = create_normal_map()
assert CODE[7] == 0 and CODE[0] == -1 and CODE[15] == 1


def quantize_nf4(tensor, block_size=64):
    A = tensor.reshape(-1).float()
    n = A.numel()
    absmax = torch.zeros((n // block_size) + (n % block_size > 0))
    out = torch.zeros(n, dtype=torch.uint8)
    for i in range(absmax.numel()):
        a = A[i * block_size:(i + 1) * block_size]
        absmax[i] = a.abs().max()
        if absmax[i] == 0:
            out[i * block_size:(i + 1) * block_size] = 7
            continue
        diff = torch.abs(a.div(absmax[i]).unsqueeze(-1) - CODE)
        out[i * block_size:(i + 1) * block_size] = diff.argmin(-1)
    return out.reshape(tensor.shape), absmax


def dequantize_nf4(codes, scales, block_size=64):
    flat = CODE[codes.reshape(-1).int()]
    for i in range(0, flat.numel(), block_size):
        flat[i:i + block_size].mul_(scales[i // block_size])
    return flat.reshape(codes.shape)
