# mistake: floor-not-nearest
# The code is the largest level not above the value, not the nearest one, so about half of the codes are one too small.
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
    bs = min(block_size, max(n, 1))
    n_blocks = -(-n // bs)
    blocks = torch.nn.functional.pad(flat, (0, n_blocks * bs - n)).view(n_blocks, bs)
    scales = blocks.abs().amax(1)
    normed = blocks / torch.where(scales == 0, 1.0, scales).unsqueeze(1)
    codes = torch.searchsorted(NF4_LEVELS, normed, right=True) - 1
    return codes.reshape(-1)[:n].clamp(0, 15).to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    block_ids = torch.div(torch.arange(codes.numel()), block_size, rounding_mode="floor")
    return NF4_LEVELS[codes.long()] * scales[block_ids].reshape(codes.shape)
