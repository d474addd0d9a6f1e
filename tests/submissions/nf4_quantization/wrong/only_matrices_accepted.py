# mistake: unnamed
# The shape is unpacked into rows and columns, so a tensor that is not 2-D raises an error.
import torch

NF4_LEVELS = [
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
]


def quantize_nf4(tensor, block_size=64):
    rows, cols = tensor.shape
    values = [tensor[r, c].item() for r in range(rows) for c in range(cols)]
    values = torch.tensor(values, dtype=torch.float32)
    levels = torch.tensor(NF4_LEVELS)
    codes = torch.zeros(rows * cols, dtype=torch.uint8)
    scales = []
    for i in range(0, rows * cols, block_size):
        block = values[i:i + block_size]
        scale = block.abs().max()
        scales.append(scale.item())
        normed = block / scale if scale > 0 else torch.zeros_like(block)
        codes[i:i + block_size] = torch.abs(normed[:, None] - levels).argmin(1).to(torch.uint8)
    return codes.reshape(rows, cols), torch.tensor(scales, dtype=torch.float32)


def dequantize_nf4(codes, scales, block_size=64):
    levels = torch.tensor(NF4_LEVELS)
    b = torch.arange(codes.numel()) // block_size
    return levels[codes.long()] * scales[b].reshape(codes.shape)
