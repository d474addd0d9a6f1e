# mistake: unnamed
# The number of blocks is at least 1, so an empty tensor gets one scale instead of none.
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
    bs = max(1, min(n, block_size))
    n_blocks = max(1, (n + bs - 1) // bs)
    padded = torch.zeros(n_blocks * bs)
    padded[:n] = flat
    blocks = padded.view(n_blocks, bs)
    scales, _ = blocks.abs().max(dim=1)
    unit = blocks / torch.where(scales > 0, scales, torch.tensor(1.0))[:, None]
    codes = (unit[..., None] - NF4_LEVELS).abs().argmin(-1).to(torch.uint8)
    return codes.view(-1)[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    ids = torch.arange(codes.numel()) // block_size
    return NF4_LEVELS[codes.long()] * scales[ids].reshape(codes.shape)
