# mistake: unnamed
# dequantize indexes a table of all scaled levels with codes + 16 * block in uint8 arithmetic, which overflows from the 17th block on.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2


def quantize_nf4(tensor, block_size=64):
    x = tensor.detach().float().flatten()
    codes = torch.zeros(x.numel(), dtype=torch.uint8)
    scales = torch.zeros(-(-x.numel() // block_size))
    for i in range(scales.numel()):
        block = slice(i * block_size, (i + 1) * block_size)
        scales[i] = x[block].abs().max()
        codes[block] = torch.bucketize(x[block] / (scales[i] if scales[i] > 0 else 1.0), MIDS).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    table = torch.outer(scales, NF4_LEVELS).flatten()  # 16 scaled levels for each block
    block = torch.arange(codes.numel()) // block_size
    index = codes.flatten() + 16 * block.to(torch.uint8)
    return table[index.long()].reshape(codes.shape)
