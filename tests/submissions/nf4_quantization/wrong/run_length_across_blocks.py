# mistake: unnamed
# Runs of equal codes are decoded at once; one that crosses the border of two blocks gets the first one's scale.
import torch
import torch.nn.functional as F

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
MIDS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    flat = tensor.reshape(-1).float()
    n = flat.numel()
    if n == 0:
        return torch.zeros(tensor.shape, dtype=torch.uint8), torch.zeros(0)
    n_blocks = (n + block_size - 1) // block_size
    blocks = F.pad(flat, (0, n_blocks * block_size - n)).reshape(n_blocks, block_size)
    scales = blocks.abs().amax(dim=1)
    safe = torch.where(scales > 0, scales, torch.ones_like(scales))
    normed = blocks / safe[:, None]
    codes = torch.bucketize(normed, MIDS)
    return codes.reshape(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    flat = codes.reshape(-1).long()
    values, at = [], 0
    for code, length in zip(*torch.unique_consecutive(flat, return_counts=True)):
        level = NF4_LEVELS[code % 16]
        values.append((level * scales[at // block_size]).expand(int(length)))
        at += int(length)
    return torch.cat(values).reshape(codes.shape).float() if values else torch.zeros(codes.shape)
