# unusual: codes keep the tensor's strides (not contiguous for a transposed one), scales are a column of a statistics table
import torch

NF4_LEVELS = torch.tensor([-1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
                           -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
                           0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941,
                           0.7229568362236023, 1.0])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    stats = torch.zeros((n + block_size - 1) // block_size, 3, dtype=torch.float32)  # absmax, min, max of each block
    code = torch.full((n,), 7, dtype=torch.uint8)
    for i in range(len(stats)):
        piece = flat[block_size * i : block_size * (i + 1)]
        lo, hi = torch.aminmax(piece)
        stats[i] = torch.stack([torch.maximum(-lo, hi), lo, hi])
        if stats[i, 0] > 0:
            y = piece.div(stats[i, 0])
            code[block_size * i : block_size * (i + 1)] = (y[None] - NF4_LEVELS[:, None]).abs_().argmin(0)
    codes = torch.empty_like(tensor, dtype=torch.uint8, memory_format=torch.preserve_format)
    codes.copy_(code.view(tensor.shape))
    return codes, stats[:, 0]


def dequantize_nf4(codes, scales, block_size=64):
    position = torch.arange(codes.numel()).view(codes.shape)
    values = torch.empty_like(codes, dtype=torch.float32)
    values.copy_(NF4_LEVELS[codes.long()])
    return values.mul_(scales[position.floor_divide(block_size)]) if codes.numel() else values
