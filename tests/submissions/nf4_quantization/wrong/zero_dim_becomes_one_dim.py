# mistake: unnamed
# atleast_1d turns a 0-d tensor into one of shape (1,), and the codes keep that shape.
import torch

NF4_LEVELS = torch.tensor([
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
    -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
    0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
    0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
])
CUTS = (NF4_LEVELS[1:] + NF4_LEVELS[:-1]) / 2


def quantize_nf4(tensor, block_size=64):
    tensor = torch.atleast_1d(tensor.detach())
    flat = tensor.float().reshape(-1)
    n = flat.numel()
    bs = min(block_size, max(n, 1))
    blocks = torch.nn.functional.pad(flat, (0, -n % bs)).reshape(-1, bs)
    scales = blocks.abs().amax(-1)
    blocks = blocks / scales.where(scales > 0, torch.tensor(1.0))[:, None]
    codes = torch.bucketize(blocks, CUTS).to(torch.uint8)
    return codes.flatten()[:n].reshape(tensor.shape), scales


def dequantize_nf4(codes, scales, block_size=64):
    s = scales[torch.arange(codes.numel()) // block_size]
    return NF4_LEVELS[codes.long()] * s.reshape(codes.shape)
