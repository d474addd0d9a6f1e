# mistake: unnamed
# Recursion with one level a block: a RecursionError beyond some 1000 blocks.
# style: head and tail recursion
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def _blocks(flat, block_size):
    if flat.numel() == 0:
        return [], []
    head, tail = flat[:block_size], flat[block_size:]
    scale = head.abs().max()
    code = torch.bucketize(head / scale if scale > 0 else head, MIDS)
    codes, scales = _blocks(tail, block_size)
    return [code] + codes, [scale] + scales


def quantize_nf4(tensor, block_size=64):
    codes, scales = _blocks(tensor.reshape(-1).float(), block_size)
    if not codes:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    return torch.cat(codes).to(torch.uint8).reshape(tensor.shape), torch.stack(scales)


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    each = scales.repeat_interleave(block_size)[: flat.numel()]
    return (NF4_LEVELS[flat] * each).reshape(codes.shape)
