# mistake: unnamed
# repeat tiles the scales one after the other instead of repeating each for its block, so with several blocks the values get foreign scales.
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
    blocks = torch.nn.functional.pad(flat, (0, -n % bs)).view(-1, bs)
    scales = blocks.abs().amax(1)
    safe = torch.where(scales == 0, 1.0, scales)
    codes = torch.bucketize(blocks / safe[:, None], (NF4_LEVELS[:-1] + NF4_LEVELS[1:]) / 2)
    return codes.reshape(-1)[:n].to(torch.uint8).reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    n = codes.numel()
    expanded = scales.repeat(min(block_size, max(n, 1)))[:n]
    return NF4_LEVELS[codes.long()] * expanded.reshape(codes.shape)
