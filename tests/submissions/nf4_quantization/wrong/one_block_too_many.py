# mistake: unnamed
# The number of blocks is n // block_size + 1, so there is an extra scale 0 whenever block_size divides n.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])


def quantize_nf4(tensor, block_size=64):
    flat = tensor.detach().float().reshape(-1)
    n = flat.numel()
    n_blocks = n // block_size + 1 if n else 0
    scales = torch.zeros(n_blocks)
    codes = torch.zeros(n, dtype=torch.uint8)
    for b in range(n_blocks):
        block = flat[b * block_size:(b + 1) * block_size]
        if block.numel() == 0:
            continue
        scales[b] = block.abs().max()
        unit = block / scales[b] if scales[b] > 0 else block
        codes[b * block_size:(b + 1) * block_size] = (unit[:, None] - NF4_LEVELS).abs().argmin(1).to(torch.uint8)
    return codes.reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
