# style: the source of a decision tree over the middles is generated, compiled and mapped over the values; the tree for dequantize is a dict of bound methods
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def _source(low, high):
    if low == high:
        return str(low)
    middle = (low + high) // 2
    return f"({_source(low, middle)} if v <= {float(MIDS[middle])!r} else {_source(middle + 1, high)})"


nearest = eval("lambda v: " + _source(0, 15))
times = {i: float(level).__mul__ for i, level in enumerate(NF4_LEVELS)}


def quantize_nf4(tensor, block_size=64):
    values = tensor.flatten().to(torch.float32).tolist()
    codes, scales = bytearray(), []
    for start in range(0, len(values), block_size):
        block = values[start:start + block_size]
        scale = max(map(abs, block))
        scales.append(scale)
        codes += bytes(nearest(v / scale) if scale else 7 for v in block)
    return torch.tensor(list(codes), dtype=torch.uint8).view(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    s = scales.tolist()
    values = [times[c](s[i // block_size]) for i, c in enumerate(codes.flatten().tolist())]
    return torch.tensor(values, dtype=torch.float32).view(codes.shape)
