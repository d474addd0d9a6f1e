# levels as hexadecimal floats, the array module and a generator expression
from array import array

import torch

NF4_LEVELS = tuple(map(float.fromhex, """
-0x1.0000000000000p+0
-0x1.6473620000000p-1
-0x1.0cd6600000000p-1
-0x1.9465400000000p-2
-0x1.23449a0000000p-2
-0x1.7a6a7e0000000p-3
-0x1.74f0e20000000p-4
0x0.0p+0
0x1.45f5fe0000000p-4
0x1.4995c60000000p-3
0x1.f809ba0000000p-3
0x1.5a06740000000p-2
0x1.c349700000000p-2
0x1.200f560000000p-1
0x1.7227660000000p-1
0x1.0000000000000p+0
""".split()))


def _nearest(v):
    return min(range(16), key=lambda i: abs(NF4_LEVELS[i] - v))


def quantize_nf4(tensor, block_size=64):
    data = array("d", tensor.double().flatten().tolist())
    codes = bytearray(len(data))
    scales = array("f")
    for start in range(0, len(data), block_size):
        block = data[start:start + block_size]
        biggest = max(max(block), -min(block))
        scales.append(biggest)
        codes[start:start + block_size] = bytes(_nearest(v / biggest) if biggest else 7 for v in block)
    return (torch.tensor(list(codes), dtype=torch.uint8).view(tensor.shape),
            torch.tensor(scales.tolist(), dtype=torch.float32))


def dequantize_nf4(codes, scales, block_size=64):
    it = iter(codes.flatten().tolist())
    out = array("d")
    for s in scales.tolist():
        out.extend(NF4_LEVELS[c] * s for _, c in zip(range(block_size), it))
    return torch.tensor(out.tolist(), dtype=torch.float32).view(codes.shape)
