# style: array and memoryview from the standard library, torch.frombuffer on writable buffers, singledispatch-free
from array import array

import torch

TABLE = array("d", [-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0])


def nearest(v):
    return min(range(16), key=lambda k: abs(TABLE[k] - v))


def quantize_nf4(tensor, block_size=64):
    data = array("d", tensor.to(torch.float64).reshape(-1).tolist())
    codes, scales = array("B"), array("f")
    view = memoryview(data)
    for start in range(0, len(view), block_size):
        block = view[start:start + block_size]
        top = max(max(block), -min(block))
        scales.append(top)
        for v in block:
            codes.append(nearest(v / top) if top else 7)
    if not codes:
        return torch.empty(tensor.shape, dtype=torch.uint8), torch.empty(0, dtype=torch.float32)
    return torch.frombuffer(codes, dtype=torch.uint8).reshape(tensor.shape), torch.frombuffer(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    out = array("f")
    per_block = scales.tolist()
    for i, c in enumerate(codes.reshape(-1).tolist()):
        out.append(TABLE[c] * per_block[i // block_size])
    return torch.frombuffer(out, dtype=torch.float32).reshape(codes.shape) if out else torch.empty(codes.shape)
