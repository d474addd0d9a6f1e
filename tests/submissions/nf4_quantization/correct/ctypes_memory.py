# style: a C array through data_ptr and ctypes, groupby on i // block_size, heapq.merge of thresholds and sorted values
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2
import ctypes
import heapq
import itertools

THRESHOLDS = [(float(m), -1) for m in MIDS]


def quantize_nf4(tensor, block_size=64):
    copy = tensor.detach().to(torch.float32).contiguous().clone()
    n = copy.numel()
    array = (ctypes.c_float * n).from_address(copy.data_ptr()) if n else []
    codes = torch.empty(n, dtype=torch.uint8)
    scales = []
    for _, group in itertools.groupby(range(n), key=lambda i: i // block_size):
        group = list(group)
        scale = max(abs(array[i]) for i in group)
        scales.append(scale)
        code = 0
        for _, i in heapq.merge(THRESHOLDS, sorted((array[i] / (scale or 1.0), i) for i in group)):
            if i < 0:
                code += 1
            else:
                codes[i] = code
    return codes.reshape(tensor.shape), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    each = scales.repeat_interleave(block_size)[: flat.numel()]
    # itemgetter-free
    return (NF4_LEVELS[flat] * each).reshape(codes.shape)
